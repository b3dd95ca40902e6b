/**
 * Runs the records of one step through a table of kernels.
 * Place: between `run` and the kernels. Kernels are reached by call_indirect alone: that keeps each a function of its
 * own, which the engine can replace by optimized code while a long call of `run` goes on.
 * Invariant: KERNELS[op] is written for every op below Op.Count before `run` can be called.
 */
import { EndField, Header, Op, Status, Uniform } from "../../src/abi";
import { copy } from "../kernels/copy/copy";
import { binary } from "../kernels/elementwise/binary";
import { cast } from "../kernels/elementwise/cast";
import { fill } from "../kernels/elementwise/fill";
import { unary } from "../kernels/elementwise/unary";
import { unaryGrad } from "../kernels/elementwise/unary-grad";
import { gatherRows } from "../kernels/gather/gather-rows";
import { scatterAddRows } from "../kernels/gather/scatter-add-rows";
import { gemmRecord } from "../kernels/gemm/record";
import { guard, guardProduct } from "../kernels/guard/guard";
import { report } from "../kernels/guard/report";
import { sha256 } from "../kernels/hash/sha256";
import { softmaxCrossEntropy, softmaxCrossEntropyGrad } from "../kernels/loss/softmax-cross-entropy";
import { adam } from "../kernels/optimizer/adam";
import { clipNorm } from "../kernels/optimizer/clip-norm";
import { outerSgd } from "../kernels/optimizer/outer-sgd";
import { sgd } from "../kernels/optimizer/sgd";
import { dropout } from "../kernels/random/dropout";
import { permutation } from "../kernels/random/permutation";
import { random } from "../kernels/random/random";
import { rnn, rnnPrevious } from "../kernels/recurrent/rnn";
import { rnnGrad } from "../kernels/recurrent/rnn-grad";
import { argMax } from "../kernels/reduce/arg-max";
import { reduce } from "../kernels/reduce/reduce";
import { softmax, softmaxGrad } from "../kernels/softmax/softmax";
import { Record, Uniforms } from "./record";

// u32 function table indices; the slot of Op.End holds the step itself
const KERNELS = memory.data(Op.Count << 2, 4);

/** Runs one step of the tape; counts it if it succeeds. */
export function step(tape: usize): u32 {
  return call_indirect<u32>(load<u32>(KERNELS, Op.End << 2), tape);
}

function runStep(tape: usize): u32 {
  let pc = tape;
  let op = Record.u32(pc, Header.Op);
  while (op !== Op.End) {
    const status =
      op < <u32>Op.Count ? call_indirect<u32>(load<u32>(KERNELS + ((<usize>op) << 2)), pc) : Status.UnknownOp;
    if (status !== Status.Ok) {
      Uniforms.set(Uniform.Fault, <u32>pc);
      return status;
    }
    pc += Record.u32(pc, Header.Bytes);
    op = Record.u32(pc, Header.Op);
  }
  const low = Uniforms.u32(Uniform.StepLow) + 1;
  Uniforms.set(Uniform.StepLow, low);
  if (low === 0) Uniforms.set(Uniform.StepHigh, Uniforms.u32(Uniform.StepHigh) + 1);
  Uniforms.set(Uniform.CallStep, Uniforms.u32(Uniform.CallStep) + 1);
  const cursor = Uniforms.u32(Uniform.Cursor) + Record.u32(pc, EndField.Rows);
  Uniforms.set(Uniform.Cursor, cursor < Uniforms.u32(Uniform.CursorEnd) ? cursor : 0);
  return Status.Ok;
}

store<u32>(KERNELS, runStep.index, Op.End << 2);
store<u32>(KERNELS, fill.index, Op.Fill << 2);
store<u32>(KERNELS, copy.index, Op.Copy << 2);
store<u32>(KERNELS, cast.index, Op.Cast << 2);
store<u32>(KERNELS, unary.index, Op.Unary << 2);
store<u32>(KERNELS, unaryGrad.index, Op.UnaryGrad << 2);
store<u32>(KERNELS, binary.index, Op.Binary << 2);
store<u32>(KERNELS, reduce.index, Op.Reduce << 2);
store<u32>(KERNELS, gemmRecord.index, Op.Gemm << 2);
store<u32>(KERNELS, softmax.index, Op.Softmax << 2);
store<u32>(KERNELS, softmaxGrad.index, Op.SoftmaxGrad << 2);
store<u32>(KERNELS, softmaxCrossEntropy.index, Op.SoftmaxCrossEntropy << 2);
store<u32>(KERNELS, softmaxCrossEntropyGrad.index, Op.SoftmaxCrossEntropyGrad << 2);
store<u32>(KERNELS, argMax.index, Op.ArgMax << 2);
store<u32>(KERNELS, gatherRows.index, Op.GatherRows << 2);
store<u32>(KERNELS, scatterAddRows.index, Op.ScatterAddRows << 2);
store<u32>(KERNELS, dropout.index, Op.Dropout << 2);
store<u32>(KERNELS, random.index, Op.Random << 2);
store<u32>(KERNELS, permutation.index, Op.Permutation << 2);
store<u32>(KERNELS, guard.index, Op.Guard << 2);
store<u32>(KERNELS, clipNorm.index, Op.ClipNorm << 2);
store<u32>(KERNELS, sgd.index, Op.Sgd << 2);
store<u32>(KERNELS, adam.index, Op.Adam << 2);
store<u32>(KERNELS, report.index, Op.Report << 2);
store<u32>(KERNELS, rnn.index, Op.Rnn << 2);
store<u32>(KERNELS, rnnGrad.index, Op.RnnGrad << 2);
store<u32>(KERNELS, rnnPrevious.index, Op.RnnPrevious << 2);
store<u32>(KERNELS, sha256.index, Op.Sha256 << 2);
store<u32>(KERNELS, outerSgd.index, Op.OuterSgd << 2);
store<u32>(KERNELS, guardProduct.index, Op.GuardProduct << 2);
