/**
 * The fast register tile of the matrix product: 4 or 5 rows of C by panels of 8 columns.
 * Place: called by blocked.ts once per panel of A; the columns are the loop inside.
 * Invariant: each element of C is one accumulator over k ascending, so tile shapes never change bits.
 *
 * Measured on a core that adds and multiplies twice a cycle each (Zen 4), where six instructions a cycle are the limit:
 * A is kept as whole vectors (a splatting load with an offset costs V8 an extra instruction), k is unrolled by 4, and 5 rows
 * leave a register for the product (6 rows spill an accumulator: 50 % of the peak instead of 97 %).
 *
 * Glossary: A panel: [k][R] vectors of four equal floats; B panel: [k][8] floats; panels of B follow each other.
 */
import { Step } from "./step";

// C[R, 8·panels] = (add ? C : 0) + A panel · B panels   R = 4, 5; k a multiple of 4, ≥ 4; overwrites C
// Steps in bytes: bPanel from panel to panel of B. RowMajor: bStep from row to row, and every panel read is stored at `to`;
// for the first rows of a block that costs a fifth of a separate pass over B.
export function tilesBy4<Rows, Source>(
  c: usize,
  ldc: usize,
  a: usize,
  b: usize,
  bStep: usize,
  bPanel: usize,
  to: usize,
  panels: u32,
  k: u32,
  add: bool,
): void {
  if (k === 0) return;
  const bytes = (k * offsetof<Rows>()) << 4;
  const end = a + bytes;
  const c1 = ldc;
  const c2 = ldc << 1;
  const c3 = c2 + ldc;
  const c4 = ldc << 2;
  b -= bPanel;
  do {
    let x0 = f32x4.splat(0);
    let y0 = x0;
    let x1 = x0;
    let y1 = x0;
    let x2 = x0;
    let y2 = x0;
    let x3 = x0;
    let y3 = x0;
    let x4 = x0;
    let y4 = x0;
    if (add) {
      x0 = v128.load(c);
      y0 = v128.load(c, 16);
      x1 = v128.load(c + c1);
      y1 = v128.load(c + c1, 16);
      x2 = v128.load(c + c2);
      y2 = v128.load(c + c2, 16);
      x3 = v128.load(c + c3);
      y3 = v128.load(c + c3, 16);
      if (offsetof<Rows>() > 4) {
        x4 = v128.load(c + c4);
        y4 = v128.load(c + c4, 16);
      }
    }
    // Not `a`: V8 copies an address in each iteration unless it sees that an instruction of 32 bits made it.
    let p = end - bytes;
    b += bPanel;
    let q = b;
    do {
      let u: v128;
      let v: v128;
      let s: v128;
      let t: v128;
      // unroll
      for (let i = 0; i < 4; ++i) {
        if (offsetof<Source>() === 0) {
          u = v128.load(q, 32 * i);
          v = v128.load(q, 32 * i + 16);
        } else {
          u = v128.load(q);
          v = v128.load(q, 16);
          v128.store(to, u, 32 * i);
          v128.store(to, v, 32 * i + 16);
          q += bStep;
        }
        s = v128.load(p, (i * offsetof<Rows>() + 0) << 4);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, s, v);
        s = v128.load(p, (i * offsetof<Rows>() + 1) << 4);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, s, v);
        s = v128.load(p, (i * offsetof<Rows>() + 2) << 4);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, s, v);
        s = v128.load(p, (i * offsetof<Rows>() + 3) << 4);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, s, v);
        if (offsetof<Rows>() > 4) {
          s = v128.load(p, (i * offsetof<Rows>() + 4) << 4);
          t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x4 = Step.plus(k, x4, t, u);
          y4 = Step.plus(k, y4, s, v);
        }
      }
      p += offsetof<Rows>() << 6;
      if (offsetof<Source>() === 0) q += 128;
      else to += 128;
    } while (p !== end);
    v128.store(c, x0);
    v128.store(c, y0, 16);
    v128.store(c + c1, x1);
    v128.store(c + c1, y1, 16);
    v128.store(c + c2, x2);
    v128.store(c + c2, y2, 16);
    v128.store(c + c3, x3);
    v128.store(c + c3, y3, 16);
    if (offsetof<Rows>() > 4) {
      v128.store(c + c4, x4);
      v128.store(c + c4, y4, 16);
    }
    c += 32;
  } while (--panels);
}
