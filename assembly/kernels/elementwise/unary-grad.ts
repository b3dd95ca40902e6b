/**
 * Gradients of the activations. Place: a kernel of the tape.
 * Each is a loop of its own over whole vectors, reached through the table of kernels; the last n mod 4 elements go
 * through the same loop in scratch. Invariant: so an element's bits do not depend on its place.
 */
import { Slot, Status, UnaryFn, UnaryGradField } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";

const TAIL = memory.data(32, 16);

// unaryGrad: out[i] = f′(a[i])·dy[i]   out, a, dy: [n]; out may alias a or dy; overwrites out
// a is y for tanh, sigmoid and relu, x for the others
export function unaryGrad(pc: usize): u32 {
  const fn = Record.u32(pc, UnaryGradField.Fn);
  const loop = fn < <u32>UnaryFn.Count ? UnaryGrad.loopOf(fn) : 0;
  if (!loop) return Status.UnknownOp;
  UnaryGrad.run(
    loop,
    Record.ptr(pc, UnaryGradField.Out),
    Record.ptr(pc, UnaryGradField.A),
    Record.ptr(pc, UnaryGradField.Dy),
    Record.u32(pc, UnaryGradField.N),
    Record.f32(pc, UnaryGradField.P),
    Record.f32(pc, UnaryGradField.Q),
  );
  return Status.Ok;
}

/** The same for other kernels, which know that the function is there. */
export function unaryGradRun(fn: u32, out: usize, a: usize, dy: usize, n: u32, p: f32, q: f32): void {
  UnaryGrad.run(UnaryGrad.loopOf(fn), out, a, dy, n, p, q);
}

class UnaryGrad {
  @inline
  static loopOf(fn: u32): u32 {
    return load<u32>(KERNELS + ((<usize>fn) << 2), Slot.UnaryGrad << 2);
  }

  @inline
  static run(loop: u32, out: usize, a: usize, dy: usize, n: u32, p: f32, q: f32): void {
    const bytes = (<usize>n & ~3) << 2;
    if (bytes) call_indirect<void>(loop, out, a, dy, out + bytes, p, q);
    const rest = n & 3;
    if (rest) {
      v128.store(TAIL, Lanes.loadTail(a + bytes, rest));
      v128.store(TAIL, Lanes.loadTail(dy + bytes, rest), 16);
      call_indirect<void>(loop, TAIL, TAIL, TAIL + 16, TAIL + 16, p, q);
      Lanes.storeTail(out + bytes, v128.load(TAIL), rest);
    }
  }
}
