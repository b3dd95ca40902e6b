/**
 * Table rows of the kernels that do several records of a small network at once.
 * Place: a pack of its own, and imported by the entry of the full core. Invariant: what they use of other kernels they
 * reach through the table.
 */
import { Op } from "../../src/abi";
import { denseBackward } from "../kernels/small/dense-backward";
import { denseForward } from "../kernels/small/dense-forward";
import { squaredError } from "../kernels/small/squared-error";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, denseForward.index, Op.DenseForward << 2);
store<u32>(KERNELS, denseBackward.index, Op.DenseBackward << 2);
store<u32>(KERNELS, squaredError.index, Op.SquaredError << 2);
