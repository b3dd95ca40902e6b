/**
 * A dense layer with few weights in one record. Place: a kernel of the tape.
 * Invariant: the bits of the records it stands for.
 */
import { Status } from "../../../src/abi";
import { DenseForwardField } from "../../../src/abi-small";
import { Record } from "../../tape/record";
import { unaryRun } from "../elementwise/unary";
import { product } from "./product";

// denseForward: z = x·w + b; y = f(z)   see DenseForwardField; overwrites z and y
export function denseForward(pc: usize): u32 {
  const z = Record.ptr(pc, DenseForwardField.Z);
  const x = Record.ptr(pc, DenseForwardField.X);
  const w = Record.ptr(pc, DenseForwardField.W);
  const b = Record.ptr(pc, DenseForwardField.B);
  const m = Record.u32(pc, DenseForwardField.M);
  const n = Record.u32(pc, DenseForwardField.N);
  const k = Record.u32(pc, DenseForwardField.K);
  const xBytes = (<usize>k) << 2;
  const zBytes = (<usize>n) << 2;
  if (n === 1) {
    // One column is a row of the transposed product, so that it is stored in whole vectors.
    product(z, 0, w, 0, 4, x, 4, xBytes, 1, m, k, b, 0);
  } else product(z, zBytes, x, xBytes, 4, w, zBytes, 4, m, n, k, b, 4);
  const y = Record.ptr(pc, DenseForwardField.Y);
  if (y) {
    const p = Record.f32(pc, DenseForwardField.P);
    unaryRun(Record.u32(pc, DenseForwardField.Fn), y, z, m * n, p, Record.f32(pc, DenseForwardField.Q));
  }
  return Status.Ok;
}
