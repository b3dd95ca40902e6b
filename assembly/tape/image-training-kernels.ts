/**
 * Table rows of the image kernels that only training needs.
 * Place: imported by the entry of the full core, beside image-forward-kernels.ts. Invariant: as there.
 */
import { Op } from "../../src/abi";
import { conv2dWeightGrad } from "../kernels/conv/conv-weight-grad";
import { pool2dGrad } from "../kernels/pool/pool-grad";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, conv2dWeightGrad.index, Op.Conv2dWeightGrad << 2);
store<u32>(KERNELS, pool2dGrad.index, Op.Pool2dGrad << 2);
