/**
 * Table rows of the image kernels that a forward pass needs.
 * Place: imported by every entry of the core. Invariant: nothing here uses another family of kernels, so they can be
 * built as a module of their own.
 */
import { Op } from "../../src/abi";
import { conv2d } from "../kernels/conv/conv";
import { conv2dInputGrad } from "../kernels/conv/conv-input-grad";
import { pool2d } from "../kernels/pool/pool";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, conv2d.index, Op.Conv2d << 2);
// Transposed convolution is the gradient of a convolution's input.
store<u32>(KERNELS, conv2dInputGrad.index, Op.Conv2dInputGrad << 2);
store<u32>(KERNELS, pool2d.index, Op.Pool2d << 2);
