/**
 * Unary functions. Place: a kernel of the tape.
 * Each function is a loop of its own over whole vectors, reached through the table of kernels; the last n mod 4 elements
 * go through the same loop in a 16-byte scratch. Invariant: so an element's bits do not depend on its place.
 */
import { Slot, Status, UnaryField, UnaryFn } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";

const TAIL = memory.data(16, 16);

// unary: out[i] = f(a[i])   out, a: [n]; out may alias a; overwrites out
export function unary(pc: usize): u32 {
  const fn = Record.u32(pc, UnaryField.Fn);
  const loop = fn < <u32>UnaryFn.Count ? Unary.loopOf(fn) : 0;
  if (!loop) return Status.UnknownOp;
  Unary.run(
    loop,
    Record.ptr(pc, UnaryField.Out),
    Record.ptr(pc, UnaryField.A),
    Record.u32(pc, UnaryField.N),
    Record.f32(pc, UnaryField.P),
    Record.f32(pc, UnaryField.Q),
  );
  return Status.Ok;
}

/** The same for other kernels, which know that the function is there. */
export function unaryRun(fn: u32, out: usize, a: usize, n: u32, p: f32, q: f32): void {
  Unary.run(Unary.loopOf(fn), out, a, n, p, q);
}

class Unary {
  @inline
  static loopOf(fn: u32): u32 {
    return load<u32>(KERNELS + ((<usize>fn) << 2), Slot.Unary << 2);
  }

  @inline
  static run(loop: u32, out: usize, a: usize, n: u32, p: f32, q: f32): void {
    const bytes = (<usize>n & ~3) << 2;
    if (bytes) call_indirect<void>(loop, out, a, out + bytes, p, q);
    const rest = n & 3;
    if (rest) {
      v128.store(TAIL, Lanes.loadTail(a + bytes, rest));
      call_indirect<void>(loop, TAIL, TAIL, TAIL + 16, p, q);
      Lanes.storeTail(out + bytes, v128.load(TAIL), rest);
    }
  }
}
