/**
 * Softmax cross-entropy with integer labels, and its gradient. Place: kernels of the tape.
 * Invariant: a label is checked before it is used as an index.
 */
import { SoftmaxCrossEntropyField, SoftmaxCrossEntropyGradField, Status, Uniform } from "../../../src/abi";
import { Record, Uniforms } from "../../tape/record";
import { logScalar } from "../softmax/log-scalar";
import { rowExp, rowMax, rowScale } from "../softmax/row";

// softmaxCrossEntropy: out[r] = ln Σ exp(x[r, c] − max) + (max − x[r, label[r]])   x: [Rows, Columns]; overwrites out
export function softmaxCrossEntropy(pc: usize): u32 {
  const out = Record.ptr(pc, SoftmaxCrossEntropyField.Out);
  const labels = Record.ptr(pc, SoftmaxCrossEntropyField.Labels);
  const rows = Record.u32(pc, SoftmaxCrossEntropyField.Rows);
  const columns = Record.u32(pc, SoftmaxCrossEntropyField.Columns);
  let x = Record.ptr(pc, SoftmaxCrossEntropyField.X);
  for (let r: u32 = 0; r < rows; ++r, x += (<usize>columns) << 2) {
    const label = load<u32>(labels + ((<usize>r) << 2));
    if (label >= columns) return outOfRange(r);
    const max = rowMax(x, columns);
    const log = logScalar(<f32>rowExp(0, x, columns, max));
    store<f32>(out + ((<usize>r) << 2), log + (max - load<f32>(x + ((<usize>label) << 2))));
  }
  return Status.Ok;
}

// softmaxCrossEntropyGrad: dx[r, c] = (softmax(x[r])[c] − [c = label[r]])·dy[r]   dx may alias x; overwrites dx
export function softmaxCrossEntropyGrad(pc: usize): u32 {
  const labels = Record.ptr(pc, SoftmaxCrossEntropyGradField.Labels);
  const dy = Record.ptr(pc, SoftmaxCrossEntropyGradField.Dy);
  const rows = Record.u32(pc, SoftmaxCrossEntropyGradField.Rows);
  const columns = Record.u32(pc, SoftmaxCrossEntropyGradField.Columns);
  let dx = Record.ptr(pc, SoftmaxCrossEntropyGradField.Out);
  let x = Record.ptr(pc, SoftmaxCrossEntropyGradField.X);
  for (let r: u32 = 0; r < rows; ++r, dx += (<usize>columns) << 2, x += (<usize>columns) << 2) {
    const label = load<u32>(labels + ((<usize>r) << 2));
    if (label >= columns) return outOfRange(r);
    const scale = load<f32>(dy + ((<usize>r) << 2));
    const sum = rowExp(dx, x, columns, rowMax(x, columns));
    const target = dx + ((<usize>label) << 2);
    const hit = <f32>((<f64>load<f32>(target) / sum - 1) * scale);
    rowScale(dx, dx, columns, <f32>(scale / sum));
    store<f32>(target, hit);
  }
  return Status.Ok;
}

function outOfRange(row: u32): u32 {
  Uniforms.set(Uniform.Detail, row);
  return Status.IndexOutOfRange;
}
