/**
 * Matrix product C (+)= op(A)·op(B): picks the kernel by shape.
 * Place: called by the tape's matmul records and by other kernel families; the files beside it do the work.
 * Invariant (binding): every element of C is one accumulator over k ascending that starts from C or from 0,
 * whichever kernel runs. So a row's bits depend on neither m, n nor the transpose form.
 *
 * Glossary: m rows, n columns of C, k depth; ld* row strides in floats of the matrices as stored.
 */
import { gemmBlocked } from "./blocked";
import { gemvColumns, gemvRows } from "./gemv";
import { gemmSmall, outer } from "./small";

// Up to this many multiply-adds the unpacked kernel wins over packing; longer for the four columns that fill its vector.
const SMALL_WORK: u32 = 256;
const SMALL_NARROW_WORK: u32 = 4096;
// Floats of scratch used at a time when a column of C is computed as a run.
const COLUMN_CHUNK: u32 = 4096;

// C[m,n] = (accumulate ? C : 0) + op(A)·op(B)
// A: [m,k] (transA: [k,m]), B: [k,n] (transB: [n,k]), C: [m,n]; C aliases nothing; scratch: GEMM_SCRATCH_BYTES
export function gemm(
  c: usize,
  a: usize,
  b: usize,
  m: u32,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  transA: bool,
  transB: bool,
  accumulate: bool,
  scratch: usize,
): void {
  if (m === 0 || n === 0) return;
  const cRowStep = (<usize>ldc) << 2;
  const aRowStep: usize = transA ? 4 : (<usize>lda) << 2;
  const aDepthStep: usize = transA ? (<usize>lda) << 2 : 4;
  const bDepthStep: usize = transB ? 4 : (<usize>ldb) << 2;
  const bColumnStep: usize = transB ? (<usize>ldb) << 2 : 4;
  if (k === 0) {
    if (!accumulate) zero(c, cRowStep, m, n);
  } else if (m === 1) {
    if (bColumnStep === 4) gemvRows(c, a, aDepthStep, b, bDepthStep, n, k, accumulate);
    else gemvColumns(c, a, aDepthStep, b, bColumnStep, n, k, accumulate);
  } else if (n === 1) {
    column(c, cRowStep, a, aRowStep, aDepthStep, b, bDepthStep, m, k, accumulate, scratch);
  } else if (k === 1 && bColumnStep === 4) {
    outer(c, cRowStep, a, aRowStep, b, m, n, accumulate);
  } else if (<u64>m * n * k <= (n <= 4 ? SMALL_NARROW_WORK : SMALL_WORK)) {
    gemmSmall(c, cRowStep, a, aRowStep, aDepthStep, b, bDepthStep, bColumnStep, m, n, k, accumulate);
  } else {
    gemmBlocked(
      c,
      cRowStep,
      a,
      aRowStep,
      aDepthStep,
      b,
      bDepthStep,
      bColumnStep,
      m,
      n,
      k,
      accumulate,
      scratch,
    );
  }
}

// n = 1: C[m] is the row product of op(B)ᵀ[k] with op(A)ᵀ[k,m]. Products commute, so the bits are the same.
function column(
  c: usize,
  cRowStep: usize,
  a: usize,
  aRowStep: usize,
  aDepthStep: usize,
  b: usize,
  bDepthStep: usize,
  m: u32,
  k: u32,
  add: bool,
  scratch: usize,
): void {
  while (m) {
    const rows = min(m, COLUMN_CHUNK);
    const run = cRowStep === 4 ? c : scratch;
    if (add && run !== c) copyFloats(run, 4, c, cRowStep, rows);
    if (aRowStep === 4) gemvRows(run, b, bDepthStep, a, aDepthStep, rows, k, add);
    else gemvColumns(run, b, bDepthStep, a, aRowStep, rows, k, add);
    if (run !== c) copyFloats(c, cRowStep, run, 4, rows);
    c += cRowStep * rows;
    a += aRowStep * rows;
    m -= rows;
  }
}

function copyFloats(to: usize, toStep: usize, from: usize, fromStep: usize, count: u32): void {
  for (; count; --count) {
    store<u32>(to, load<u32>(from));
    to += toStep;
    from += fromStep;
  }
}

function zero(c: usize, cRowStep: usize, m: u32, n: u32): void {
  for (; m; --m) {
    memory.fill(c, 0, (<usize>n) << 2);
    c += cRowStep;
  }
}
