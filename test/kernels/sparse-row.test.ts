/**
 * The product of one row that skips zeros against the product of the matrix, over every tail of rows and columns and from no
 * zero to nothing else. Invariant proved here: the same bits for a finite B.
 */
import { describe, expect, it } from "vitest";
import { Op } from "../../src/abi.ts";
import { numbers } from "./conv-reference.ts";
import { firstDifference, record, TapeCore, variants } from "./tape-core.ts";

const COLUMNS = [4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19, 20, 31, 33, 64, 128];
const DEPTHS = [1, 2, 3, 4, 5, 8, 13, 64, 129];

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  it.each(COLUMNS)("multiplies by %i columns", (n) => {
    for (const k of DEPTHS)
      for (const share of [0, 0.3, 0.5, 0.8, 1]) {
        core.reset();
        // Zeros of both signs, and what is so small that its products underflow.
        const row = numbers(k).map((v, i) =>
          (i * 7) % 10 < share * 10 ? (i % 2 ? 0 : -0) : i % 5 ? v : v * 1e-40,
        );
        const [a, b] = [core.floats(row), core.floats(numbers(k * n))];
        const [plain, skipping] = [core.floats(n), core.floats(n)];
        const fields = [a, b, 1, n, k, k, n, n, 0, 0, 0, 1, k, 0, n, core.aligned(1 << 20)];
        core.ok(record(Op.Gemm, plain, ...fields), record(Op.SparseRow, skipping, ...fields));
        const want = core.readFloats(plain, n);
        expect(firstDifference(core.readFloats(skipping, n), want), `k ${k}, ${share}`).toBe(-1);
      }
  });

  it("does not read rows behind zeros", () => {
    core.reset();
    const [n, k] = [20, 9];
    const row = Float32Array.from({ length: k }, (_, i) => (i % 3 === 0 ? i + 1 : 0));
    const matrix = numbers(k * n).map((v, i) => (row[Math.floor(i / n)] ? v : Number.NaN));
    const [a, b, c] = [core.floats(row), core.floats(matrix), core.floats(n)];
    core.ok(record(Op.SparseRow, c, a, b, 1, n, k, k, n, n, 0, 0, 0, 1, k, 0, n, core.aligned(1 << 20)));
    expect(core.readFloats(c, n).every(Number.isFinite)).toBe(true);
  });
});
