/**
 * The gradients of a dense layer with few weights in one record. Place: a kernel of the tape.
 * Invariant: the bits of the records it stands for, each done for all rows before the next begins, for their tensors may
 * share memory.
 */
import { ReduceFn, Slot, Status } from "../../../src/abi";
import { DenseBackwardField } from "../../../src/abi-small";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";
import { unaryGradRun } from "../elementwise/unary-grad";
import { ROWS } from "../reduce/sum";
import { product } from "./product";

// denseBackward: dz = f′(saved)·dy; db = Σ dz; dx = dz·wᵀ; dw = xᵀ·dz   see DenseBackwardField; overwrites all four
export function denseBackward(pc: usize): u32 {
  const dz = Record.ptr(pc, DenseBackwardField.Dz);
  const m = Record.u32(pc, DenseBackwardField.M);
  const n = Record.u32(pc, DenseBackwardField.N);
  const dy = Record.ptr(pc, DenseBackwardField.Dy);
  if (dy) {
    const saved = Record.ptr(pc, DenseBackwardField.Saved);
    const p = Record.f32(pc, DenseBackwardField.P);
    const q = Record.f32(pc, DenseBackwardField.Q);
    unaryGradRun(Record.u32(pc, DenseBackwardField.Fn), dz, saved, dy, m * n, p, q);
  }
  const db = Record.ptr(pc, DenseBackwardField.Db);
  if (db) sumRows(db, dz, m, n);
  products(pc, dz, m, n);
  return Status.Ok;
}

// dx = dz·wᵀ; dw = xᵀ·dz
function products(pc: usize, dz: usize, m: u32, n: u32): void {
  const k = Record.u32(pc, DenseBackwardField.K);
  const dx = Record.ptr(pc, DenseBackwardField.Dx);
  const dw = Record.ptr(pc, DenseBackwardField.Dw);
  const x = Record.ptr(pc, DenseBackwardField.X);
  const w = Record.ptr(pc, DenseBackwardField.W);
  const xBytes = (<usize>k) << 2;
  const zBytes = (<usize>n) << 2;
  if (dx) product(dx, xBytes, dz, zBytes, 4, w, 4, zBytes, m, k, n, 0, 0);
  // One column of dw is a row of the transposed product: the lanes are its elements.
  if (n === 1) product(dw, xBytes, dz, zBytes, 4, x, xBytes, 4, 1, k, m, 0, 0);
  else product(dw, zBytes, x, 4, xBytes, dz, zBytes, 4, k, n, m, 0, 0);
}

// db[n] = Σ dz[m, n] over m, with the bits of Reduce, whose sums of more rows are made of several
function sumRows(db: usize, dz: usize, m: u32, n: u32): void {
  if (n === 1 || m > ROWS) {
    call_indirect<void>(load<u32>(KERNELS, (Slot.Reduce + ReduceFn.Sum) << 2), db, dz, m, n);
    return;
  }
  const zBytes = (<usize>n) << 2;
  const end = dz + zBytes * m;
  for (; n >= 4; n -= 4) {
    let s = f32x4.splat(0);
    for (let at = dz; at < end; at += zBytes) s = f32x4.add(s, v128.load(at));
    v128.store(db, s);
    dz += 16;
    db += 16;
  }
  for (; n; --n) {
    let s: f32 = 0;
    for (let at = dz; at < end; at += zBytes) s += load<f32>(at);
    store<f32>(db, s);
    dz += 4;
    db += 4;
  }
}
