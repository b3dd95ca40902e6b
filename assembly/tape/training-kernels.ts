/**
 * Table rows of the kernels that only training and evaluation need: gradients, losses, metrics, random numbers, updates.
 * Place: imported by the entry of the full core, and by that of prediction not.
 * Invariant: no kernel of forward-kernels.ts calls one of these, so a core without them gives the same bits.
 */
import { Op } from "../../src/abi";
import "../kernels/elementwise/basic-unary-grad";
import { cast } from "../kernels/elementwise/cast";
import { unaryGrad } from "../kernels/elementwise/unary-grad";
import { gatherRows } from "../kernels/gather/gather-rows";
import { guardProduct } from "../kernels/guard/guard";
import { report } from "../kernels/guard/report";
import { softmaxCrossEntropy, softmaxCrossEntropyGrad } from "../kernels/loss/softmax-cross-entropy";
import { adam } from "../kernels/optimizer/adam";
import { clipNorm } from "../kernels/optimizer/clip-norm";
import { every } from "../kernels/optimizer/every";
import { outerSgd } from "../kernels/optimizer/outer-sgd";
import { sgd } from "../kernels/optimizer/sgd";
import { dropout } from "../kernels/random/dropout";
import { permutation } from "../kernels/random/permutation";
import { random } from "../kernels/random/random";
import "../kernels/reduce/norms";
import "../kernels/reduce/reduce";
import { argMax } from "../kernels/reduce/arg-max";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, cast.index, Op.Cast << 2);
store<u32>(KERNELS, gatherRows.index, Op.GatherRows << 2);
store<u32>(KERNELS, unaryGrad.index, Op.UnaryGrad << 2);
store<u32>(KERNELS, softmaxCrossEntropy.index, Op.SoftmaxCrossEntropy << 2);
store<u32>(KERNELS, softmaxCrossEntropyGrad.index, Op.SoftmaxCrossEntropyGrad << 2);
store<u32>(KERNELS, argMax.index, Op.ArgMax << 2);
store<u32>(KERNELS, dropout.index, Op.Dropout << 2);
store<u32>(KERNELS, random.index, Op.Random << 2);
store<u32>(KERNELS, permutation.index, Op.Permutation << 2);
store<u32>(KERNELS, clipNorm.index, Op.ClipNorm << 2);
store<u32>(KERNELS, sgd.index, Op.Sgd << 2);
store<u32>(KERNELS, adam.index, Op.Adam << 2);
store<u32>(KERNELS, report.index, Op.Report << 2);
store<u32>(KERNELS, outerSgd.index, Op.OuterSgd << 2);
store<u32>(KERNELS, guardProduct.index, Op.GuardProduct << 2);
store<u32>(KERNELS, every.index, Op.Every << 2);
