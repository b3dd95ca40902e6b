/**
 * Kernels over rows: Reduce, ArgMax, Softmax, its gradient, cross-entropy, GatherRows, ScatterAddRows.
 * Invariant proved here: right values against f64 at every length, bits of a row that do not depend on its batch,
 * and no index used before it is checked.
 */
import { describe, expect, it } from "vitest";
import { DType, Op, ReduceFn, Status, Uniform } from "../../src/abi.ts";
import { firstDifference, record, TapeCore, variants } from "./tape-core.ts";

let seed = 11;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 8) / 2 ** 24;
}
const numbers = (n: number, scale = 2): Float32Array =>
  Float32Array.from({ length: n }, () => (random() - 0.5) * scale);

function close(got: ArrayLike<number>, want: readonly number[], relative: number, absolute = 0): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs((got[i] as number) - (want[i] as number));
    if (!(error <= absolute + relative * Math.abs(want[i] as number)))
      expect.fail(`[${i}]: ${got[i]} instead of ${want[i]}`);
  }
}

function softmaxRow(x: readonly number[]): number[] {
  const max = Math.max(...x);
  const e = x.map((v) => Math.exp(v - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

const rowsOf = (x: Float32Array, columns: number): number[][] =>
  Array.from({ length: columns ? x.length / columns : 0 }, (_, r) => [
    ...x.subarray(r * columns, (r + 1) * columns),
  ]);

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  function reduce(fn: ReduceFn, a: Float32Array, outer: number, length: number, inner: number): Float32Array {
    core.reset();
    const out = core.floats(outer * inner);
    core.ok(record(Op.Reduce, out, core.floats(a), fn, outer, length, inner));
    return core.readFloats(out, outer * inner);
  }

  const terms: [ReduceFn, (column: number[]) => number][] = [
    [ReduceFn.Sum, (c) => c.reduce((s, x) => s + x, 0)],
    [ReduceFn.Mean, (c) => c.reduce((s, x) => s + x, 0) / c.length],
    [ReduceFn.Max, (c) => Math.max(...c)],
    [ReduceFn.Min, (c) => Math.min(...c)],
    [ReduceFn.ColumnSquares, (c) => c.reduce((s, x) => s + x * x, 0)],
    [ReduceFn.ColumnAbs, (c) => c.reduce((s, x) => s + Math.abs(x), 0)],
  ];

  it.each(terms)("reduce %i at every length and width", (fn, want) => {
    for (let n = 1; n <= 67; n++) {
      for (const [outer, length, inner] of [
        [2, n, 1],
        [2, 5, n],
        [3, n, 3],
        [1, n, 23],
      ] as const) {
        const a = numbers(outer * length * inner).map((x) => x + 1);
        const got = reduce(fn, a, outer, length, inner);
        const right: number[] = [];
        for (let o = 0; o < outer; o++)
          for (let i = 0; i < inner; i++)
            right.push(want(Array.from({ length }, (_, l) => a[(o * length + l) * inner + i] as number)));
        close(got, right, 1e-6, 1e-6);
        // the order of the sum does not depend on outer
        const alone = reduce(fn, a.subarray((outer - 1) * length * inner), 1, length, inner);
        expect(firstDifference(alone, got.subarray((outer - 1) * inner))).toBe(-1);
      }
    }
  });

  it("long sums keep their accuracy", () => {
    const n = 300_000;
    const a = Float32Array.from({ length: n }, () => random());
    const want = [...a].reduce((s, x) => s + x, 0);
    close(reduce(ReduceFn.Sum, a, 1, n, 1), [want], 3e-7);
    close(reduce(ReduceFn.Mean, a, 1, n, 1), [want / n], 3e-7);
    close(reduce(ReduceFn.SumSquares, a, 1, n, 1), [[...a].reduce((s, x) => s + x * x, 0)], 3e-7);
    const columns = reduce(ReduceFn.Sum, a, 1, n / 6, 6);
    const right = Array.from({ length: 6 }, (_, i) => a.reduce((s, x, at) => (at % 6 === i ? s + x : s), 0));
    close(columns, right, 6e-7);
  });

  it("sums of whole runs have the bits of the same sums by column", () => {
    for (const [run, column] of [
      [ReduceFn.SumSquares, ReduceFn.ColumnSquares],
      [ReduceFn.SumAbs, ReduceFn.ColumnAbs],
    ] as const)
      for (const n of [1, 3, 17, 1024, 1027, 5000]) {
        const a = numbers(2 * n);
        expect(reduce(run, a, 2, n, 1)).toEqual(reduce(column, a, 2, n, 1));
      }
  });

  it("a NaN anywhere makes the extremes and sums NaN", () => {
    for (const fn of [
      ReduceFn.Max,
      ReduceFn.Min,
      ReduceFn.Sum,
      ReduceFn.ColumnAbs,
      ReduceFn.ColumnSquares,
      ReduceFn.Mean,
    ]) {
      for (let at = 0; at < 21; at++) {
        const a = numbers(21);
        a[at] = Number.NaN;
        expect(reduce(fn, a, 1, 21, 1)[0]).toBeNaN();
        expect(reduce(fn, a, 1, 3, 7)[at % 7]).toBeNaN();
      }
    }
  });

  it("arg max takes the first of equals", () => {
    for (let columns = 1; columns <= 67; columns++) {
      const a = Float32Array.from({ length: columns * 3 }, () => Math.floor(random() * 5));
      core.reset();
      const out = core.floats(3);
      core.ok(record(Op.ArgMax, out, core.floats(a), 3, columns));
      expect([...core.readFloats(out, 3)]).toEqual(
        rowsOf(a, columns).map((row) => row.indexOf(Math.max(...row))),
      );
    }
  });

  it("softmax and log-softmax at every width, large and small", () => {
    for (let columns = 1; columns <= 67; columns++) {
      for (const scale of [2, 40, 2e4]) {
        const x = numbers(3 * columns, scale);
        core.reset();
        const y = core.floats(3 * columns);
        core.ok(record(Op.Softmax, y, core.floats(x), 3, columns, 0));
        const want = rowsOf(x, columns).map(softmaxRow);
        const got = core.readFloats(y, 3 * columns);
        close(got, want.flat(), scale > 2 ? 4e-6 : 1e-6, 1e-37);
        const last = core.floats(columns);
        core.ok(record(Op.Softmax, last, core.floats(x.subarray(2 * columns)), 1, columns, 0));
        expect(firstDifference(core.readFloats(last, columns), got.subarray(2 * columns))).toBe(-1);
        // the logarithm, in place
        const log = core.floats(x);
        core.ok(record(Op.Softmax, log, log, 3, columns, 1));
        const logs = rowsOf(x, columns).map((row) => {
          const max = Math.max(...row);
          const sum = Math.log(row.reduce((s, v) => s + Math.exp(v - max), 0));
          return row.map((v) => v - max - sum);
        });
        close(core.readFloats(log, 3 * columns), logs.flat(), 1e-6, 3e-7);
      }
    }
  });

  it("softmax turns a NaN or +∞ in a row into a row of NaN and nothing else", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = numbers(3 * 7);
      x[9] = bad;
      core.reset();
      const y = core.floats(21);
      core.ok(record(Op.Softmax, y, core.floats(x), 3, 7, 0));
      expect(rowsOf(core.readFloats(y, 21), 7).map((row) => row.every(Number.isFinite))).toEqual([
        true,
        false,
        true,
      ]);
      const loss = core.floats(3);
      core.ok(record(Op.SoftmaxCrossEntropy, loss, core.floats(x), core.words([1, 1, 1]), 3, 7));
      expect([...core.readFloats(loss, 3)].map(Number.isFinite)).toEqual([true, false, true]);
    }
  });

  it("gradients of softmax and log-softmax", () => {
    for (let columns = 1; columns <= 67; columns++) {
      const y = Float32Array.from(rowsOf(numbers(3 * columns), columns).flatMap(softmaxRow));
      const log = y.map(Math.log);
      const dy = numbers(3 * columns);
      core.reset();
      const dx = core.floats(3 * columns);
      core.ok(record(Op.SoftmaxGrad, dx, core.floats(y), core.floats(dy), 3, columns, 0));
      const d = rowsOf(dy, columns);
      const want = rowsOf(y, columns).map((row, r) => {
        const sum = row.reduce((s, v, c) => s + v * (d[r]?.[c] as number), 0);
        return row.map((v, c) => v * ((d[r]?.[c] as number) - sum));
      });
      close(core.readFloats(dx, 3 * columns), want.flat(), 1e-6, 4e-7);
      const inPlace = core.floats(dy);
      core.ok(record(Op.SoftmaxGrad, inPlace, core.floats(log), inPlace, 3, columns, 1));
      const wantLog = rowsOf(log, columns).map((row, r) => {
        const sum = (d[r] as number[]).reduce((s, v) => s + v, 0);
        return row.map((v, c) => (d[r]?.[c] as number) - Math.exp(v) * sum);
      });
      close(core.readFloats(inPlace, 3 * columns), wantLog.flat(), 1e-6, 2e-6);
    }
  });

  it("cross-entropy and its gradient", () => {
    for (let columns = 1; columns <= 67; columns++) {
      const x = numbers(4 * columns, 20);
      const labels = [0, columns - 1, columns >> 1, columns >> 2];
      const dy = numbers(4);
      core.reset();
      const loss = core.floats(4);
      core.ok(record(Op.SoftmaxCrossEntropy, loss, core.floats(x), core.words(labels), 4, columns));
      const p = rowsOf(x, columns).map(softmaxRow);
      close(
        core.readFloats(loss, 4),
        p.map((row, r) => -Math.log(row[labels[r] as number] as number)),
        1e-6,
        2e-6,
      );
      const grads = p.map((row, r) => row.map((v, c) => (v - (c === labels[r] ? 1 : 0)) * (dy[r] as number)));
      for (const alias of [false, true]) {
        const from = core.floats(x);
        const dx = alias ? from : core.floats(4 * columns);
        core.ok(
          record(Op.SoftmaxCrossEntropyGrad, dx, from, core.words(labels), core.floats(dy), 4, columns),
        );
        close(core.readFloats(dx, 4 * columns), grads.flat(), 1e-6, 2e-7);
      }
    }
  });

  it("a label out of range is refused and named", () => {
    for (const label of [10, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      core.reset();
      const x = core.floats(numbers(30));
      const out = core.floats(30);
      const labels = core.words([0, label, 3]);
      expect(core.run([record(Op.SoftmaxCrossEntropy, out, x, labels, 3, 10)])).toBe(Status.IndexOutOfRange);
      expect(core.uniform(Uniform.Detail)).toBe(1);
      expect(core.run([record(Op.SoftmaxCrossEntropyGrad, out, x, labels, x, 3, 10)])).toBe(
        Status.IndexOutOfRange,
      );
    }
  });

  it("gathers rows by ids, by the step's indices and in order", () => {
    for (let columns = 1; columns <= 67; columns++) {
      const bytes = Uint8Array.from({ length: 9 * columns }, () => Math.floor(random() * 256));
      const floats = numbers(9 * columns);
      const rows = [8, 0, 3, 3];
      const pick = (table: ArrayLike<number>, ids: number[]): number[] =>
        ids.flatMap((r) => Array.from({ length: columns }, (_, c) => table[r * columns + c] as number));
      core.reset();
      const out = core.floats(4 * columns);
      const asBytes = core.bytes(bytes);
      const asFloats = core.floats(floats);
      const ids = core.words(rows);
      let cursor = 5;
      const gather = (table: number, by: number, from: DType): Float32Array => {
        core.uniform(Uniform.Cursor, cursor);
        core.ok(record(Op.GatherRows, out, table, by, 4, columns, 9, from, DType.F32));
        return core.readFloats(out, 4 * columns);
      };
      expect([...gather(asFloats, ids, DType.F32)]).toEqual(pick(floats, rows));
      expect([...gather(asBytes, ids, DType.U8)]).toEqual(pick(bytes, rows));
      expect([...gather(asBytes, 0, DType.U8)]).toEqual(pick(bytes, [5, 6, 7, 8]));
      core.uniform(Uniform.Indices, core.words([0, 0, 7, 2, 5, 1]));
      cursor = 2;
      expect([...gather(asBytes, 0, DType.U8)]).toEqual(pick(bytes, [7, 2, 5, 1]));
      expect([...gather(asFloats, 0, DType.F32)]).toEqual(pick(floats, [7, 2, 5, 1]));
    }
  });

  it("refuses a row number outside the table", () => {
    for (const bad of [9, -1, 2 ** 31 - 1]) {
      core.reset();
      const out = core.floats(8);
      const table = core.floats(numbers(36));
      const ids = core.words([1, bad]);
      expect(core.run([record(Op.GatherRows, out, table, ids, 2, 4, 9, DType.F32, DType.F32)])).toBe(
        Status.IndexOutOfRange,
      );
      expect(core.uniform(Uniform.Detail)).toBe(1);
      const to = core.floats(36);
      expect(core.run([record(Op.ScatterAddRows, to, ids, out, 2, 4, 9)])).toBe(Status.IndexOutOfRange);
      core.uniform(Uniform.Cursor, 8);
      expect(core.run([record(Op.GatherRows, out, table, 0, 2, 4, 9, DType.F32, DType.F32)])).toBe(
        Status.IndexOutOfRange,
      );
    }
  });

  it("adds rows in ascending order where ids repeat", () => {
    for (let columns = 1; columns <= 67; columns++) {
      const ids = Array.from({ length: 13 }, () => Math.floor(random() * 4));
      const dy = numbers(13 * columns);
      core.reset();
      const out = core.floats(5 * columns);
      core.ok(record(Op.ScatterAddRows, out, core.words(ids), core.floats(dy), 13, columns, 5));
      const want = new Float32Array(5 * columns);
      ids.forEach((id, r) => {
        for (let c = 0; c < columns; c++)
          want[id * columns + c] = (want[id * columns + c] as number) + (dy[r * columns + c] as number);
      });
      expect(firstDifference(core.readFloats(out, 5 * columns), want)).toBe(-1);
    }
  });
});
