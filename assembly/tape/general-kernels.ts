/**
 * Table rows of kernels and of parts of kernels that a dense classifier with its usual optimizers does not run.
 * Place: a pack of its own, and imported by the entry of the full core. Invariant: they use no other family of kernels,
 * and what the smallest core of prediction lacks is here too (reduce.ts, norms.ts, casts, gathered rows).
 */
import "../math/rare-constants";
import "../kernels/elementwise/general-binary";
import "../kernels/elementwise/general-unary";
import "../kernels/elementwise/general-unary-grad";
import "../kernels/random/normal";
import "../kernels/reduce/general-reduce";
import "../kernels/reduce/norms";
import "../kernels/reduce/reduce";
import "../kernels/softmax/log-softmax";
import { Op } from "../../src/abi";
import { copy } from "../kernels/copy/copy";
import { cast } from "../kernels/elementwise/cast";
import { gatherRows } from "../kernels/gather/gather-rows";
import { softmaxGrad } from "../kernels/softmax/softmax-grad";
import { KERNELS, offer } from "./kernel-table";

store<u32>(KERNELS, copy.index, Op.Copy << 2);
store<u32>(KERNELS, softmaxGrad.index, Op.SoftmaxGrad << 2);
offer(Op.Cast, cast.index);
offer(Op.GatherRows, gatherRows.index);
