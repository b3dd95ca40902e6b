/**
 * The simple recurrent layer's forward pass. Place: kernels of the tape; the loop over time is inside.
 * Invariant: a sequence's bits depend neither on the other rows nor on how far they are padded.
 *
 * Glossary: N rows (sequences), T time, H hidden; tensors are [N, T, H], so one step is a matrix of row stride T·H.
 */
import { RnnField, RnnPreviousField, Status, UnaryFn } from "../../../src/abi";
import { Record } from "../../tape/record";
import { copyWords } from "../elementwise/convert";
import { unaryRun } from "../elementwise/unary";
import { sharedGemm } from "../gemm/shared";

// rnn: h[n, t] = act(x[n, t] + h[n, t−1]·w); at t ≥ length h[n, t] = h[n, t−1]   overwrites h; h may alias x
export function rnn(pc: usize): u32 {
  const h = Record.ptr(pc, RnnField.Out);
  const x = Record.ptr(pc, RnnField.X);
  const h0 = Record.ptr(pc, RnnField.H0);
  const lengths = Record.ptr(pc, RnnField.Lengths);
  const rows = Record.u32(pc, RnnField.Rows);
  const time = Record.u32(pc, RnnField.Time);
  const hidden = Record.u32(pc, RnnField.Hidden);
  const reverse = Record.u32(pc, RnnField.Reverse) !== 0;
  const fn: u32 = Record.u32(pc, RnnField.Relu) ? UnaryFn.Relu : UnaryFn.Tanh;
  const bytes = (<usize>hidden) << 2;
  const rowBytes = <usize>time * bytes;
  let before = h0;
  let beforeBytes = bytes;
  for (let done: u32 = 0; done < time; ++done) {
    const t = reverse ? time - 1 - done : done;
    const now = h + <usize>t * bytes;
    for (let n: u32 = 0; n < rows; ++n)
      copyWords(now + <usize>n * rowBytes, x + <usize>t * bytes + <usize>n * rowBytes, hidden);
    if (before) {
      sharedGemm(
        now,
        before,
        Record.ptr(pc, RnnField.W),
        rows,
        hidden,
        hidden,
        <u32>(beforeBytes >> 2),
        hidden,
        time * hidden,
        false,
        false,
        true,
        Record.ptr(pc, RnnField.Scratch),
      );
    }
    for (let n: u32 = 0; n < rows; ++n) {
      const row = now + <usize>n * rowBytes;
      if (!lengths || t < load<u32>(lengths + ((<usize>n) << 2))) unaryRun(fn, row, row, hidden, 0, 0);
      else if (before) copyWords(row, before + <usize>n * beforeBytes, hidden);
      else memory.fill(row, 0, bytes);
    }
    before = now;
    beforeBytes = rowBytes;
  }
  return Status.Ok;
}

// rnnPrevious: out[n, t] = h[n, t−1] (t+1 with Reverse), h0[n] or 0 at the first step   overwrites out; no aliasing
export function rnnPrevious(pc: usize): u32 {
  let out = Record.ptr(pc, RnnPreviousField.Out);
  let h = Record.ptr(pc, RnnPreviousField.H);
  let h0 = Record.ptr(pc, RnnPreviousField.H0);
  const time = Record.u32(pc, RnnPreviousField.Time);
  const hidden = Record.u32(pc, RnnPreviousField.Hidden);
  const reverse = Record.u32(pc, RnnPreviousField.Reverse) !== 0;
  const bytes = (<usize>hidden) << 2;
  const rest = (time - 1) * hidden;
  const stepBytes = <usize>time * bytes;
  for (let rows = Record.u32(pc, RnnPreviousField.Rows); rows; --rows, out += stepBytes, h += stepBytes) {
    const first = reverse ? out + ((<usize>rest) << 2) : out;
    copyWords(reverse ? out : out + bytes, reverse ? h + bytes : h, rest);
    if (h0) {
      copyWords(first, h0, hidden);
      h0 += bytes;
    } else memory.fill(first, 0, bytes);
  }
  return Status.Ok;
}
