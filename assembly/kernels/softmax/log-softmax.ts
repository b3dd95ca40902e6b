/**
 * A row of log-softmax. Place: a part of the softmax kernel, listed by
 * tape/general-kernels.ts. Invariant: y may alias x.
 */
import { Slot } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { KERNELS } from "../../tape/kernel-table";
import { logScalar } from "./log-scalar";
import { rowExp, rowMax } from "./row";

// y[c] = (x[c] − max) − ln Σ exp(x − max)
function logSoftmax(y: usize, x: usize, columns: u32): void {
  const max = rowMax(x, columns);
  const sum = <f32>rowExp(0, x, columns, max);
  const m = f32x4.splat(max);
  const l = f32x4.splat(logScalar(sum));
  const end = y + ((<usize>columns & ~3) << 2);
  for (; y !== end; y += 16, x += 16) v128.store(y, f32x4.sub(f32x4.sub(v128.load(x), m), l));
  const rest = columns & 3;
  if (rest) Lanes.storeTail(y, f32x4.sub(f32x4.sub(Lanes.loadTail(x, rest), m), l), rest);
}

store<u32>(KERNELS, logSoftmax.index, (Slot.Softmax + 1) << 2);
