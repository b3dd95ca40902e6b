/**
 * The simple recurrent layer's backward pass. Place: a kernel of the tape; the loop over time is inside.
 * Invariant: where t ≥ length dx is 0 and the gradient passes on unchanged, as the state did.
 *
 * Glossary: N rows (sequences), T time, H hidden; tensors are [N, T, H], so one step is a matrix of row stride T·H.
 */
import { RnnGradField, Status, UnaryFn } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { copyWords } from "../elementwise/convert";
import { unaryGradRun } from "../elementwise/unary-grad";
import { sharedGemm } from "../gemm/shared";

// rnnGrad: dx[n, t] = act′(h[n, t])·(dh[n, t] + carry[n]), carry = dx[n, t]·wᵀ, from the last step to the first
// overwrites dx and dh0; carry: [N, H] of work space; dx may not alias dh
export function rnnGrad(pc: usize): u32 {
  const dx = Record.ptr(pc, RnnGradField.Out);
  const h = Record.ptr(pc, RnnGradField.H);
  const dh = Record.ptr(pc, RnnGradField.Dh);
  const dh0 = Record.ptr(pc, RnnGradField.DH0);
  const lengths = Record.ptr(pc, RnnGradField.Lengths);
  const carry = Record.ptr(pc, RnnGradField.Carry);
  const rows = Record.u32(pc, RnnGradField.Rows);
  const time = Record.u32(pc, RnnGradField.Time);
  const hidden = Record.u32(pc, RnnGradField.Hidden);
  const reverse = Record.u32(pc, RnnGradField.Reverse) !== 0;
  const fn: u32 = Record.u32(pc, RnnGradField.Relu) ? UnaryFn.Relu : UnaryFn.Tanh;
  const bytes = (<usize>hidden) << 2;
  memory.fill(carry, 0, <usize>rows * bytes);
  for (let left = time; left; --left) {
    const t = reverse ? time - left : left - 1;
    for (let n: u32 = 0; n < rows; ++n) {
      const place = (<usize>n * time + t) * bytes;
      const passed = carry + <usize>n * bytes;
      addRow(passed, dh + place, hidden);
      if (!lengths || t < load<u32>(lengths + ((<usize>n) << 2))) {
        unaryGradRun(fn, dx + place, h + place, passed, hidden, 0, 0);
        memory.fill(passed, 0, bytes);
      } else memory.fill(dx + place, 0, bytes);
    }
    if (left > 1 || dh0) {
      sharedGemm(
        carry,
        dx + <usize>t * bytes,
        Record.ptr(pc, RnnGradField.W),
        rows,
        hidden,
        hidden,
        time * hidden,
        hidden,
        hidden,
        false,
        true,
        true,
        Record.ptr(pc, RnnGradField.Scratch),
      );
    }
  }
  if (dh0) copyWords(dh0, carry, rows * hidden);
  return Status.Ok;
}

// out[i] += a[i]
function addRow(out: usize, a: usize, n: u32): void {
  const end = out + ((<usize>n & ~3) << 2);
  for (; out !== end; out += 16, a += 16) v128.store(out, f32x4.add(v128.load(out), v128.load(a)));
  const rest = n & 3;
  if (rest) Lanes.storeTail(out, f32x4.add(Lanes.loadTail(out, rest), Lanes.loadTail(a, rest)), rest);
}
