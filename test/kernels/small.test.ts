/**
 * The joined records of small networks against the records they stand for, on the same core, over every tail of rows and
 * columns. Invariant proved here: the same bits in every tensor that the records write.
 */
import { describe, expect, it } from "vitest";
import { BinaryFn, Op, ReduceFn, UnaryFn } from "../../src/abi.ts";
import { numbers } from "./conv-reference.ts";
import { f32, firstDifference, record, TapeCore, variants, type Word } from "./tape-core.ts";

const ROWS = [1, 2, 3, 4, 5, 7, 8, 9, 100, 256, 257];
const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 13];
const FUNCTIONS = [UnaryFn.Tanh, UnaryFn.Sigmoid, UnaryFn.Relu, UnaryFn.Gelu];

/** Numbers among which both zeros are, and some so small that their products underflow. */
const data = (n: number): Float32Array =>
  numbers(n).map((v, i) => (i % 5 === 1 ? 0 : i % 5 === 2 ? -0 : i % 11 === 3 ? v * 1e-38 : v));

const gemm = (c: number, a: number, b: number, m: number, n: number, k: number, form: string, at: number) => {
  const [transA, transB] = [form[0] === "T" ? 1 : 0, form[1] === "T" ? 1 : 0];
  const strides = [transA ? m : k, transB ? k : n, n];
  return record(
    ...([Op.Gemm, c, a, b, m, n, k, ...strides, transA, transB, 0, 1, m * k, 0, m * n, at] as const),
  );
};

const plane = (rows: number, columns: number, a: number, b: number): Word[] => [
  ...[1, 1, 1, rows, columns],
  ...[0, 0, 0, a * columns, a],
  ...[0, 0, 0, 0, b],
];

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  /** Runs records on tensors of their own, twice, and compares what each leaves. */
  function compare(sizes: readonly number[], inputs: readonly Float32Array[], runs: Runs): void {
    const left = runs.map((recordsFor) => {
      core.reset();
      const given = inputs.map((values) => core.floats(values));
      const made = sizes.map((n) => core.floats(n));
      core.ok(...recordsFor(given, made, core.aligned(1 << 20)));
      return made.map((at, i) => core.readFloats(at, sizes[i]!));
    });
    for (const [i, want] of left[0]!.entries())
      expect(firstDifference(left[1]![i]!, want), `tensor ${i}`).toBe(-1);
  }
  type RecordsFor = (given: number[], made: number[], scratch: number) => Word[][];
  type Runs = readonly [plain: RecordsFor, joined: RecordsFor];

  it.each(WIDTHS)("a dense layer of %i inputs", (k) => {
    for (const n of WIDTHS)
      for (const [i, m] of ROWS.entries()) {
        const fn = FUNCTIONS[i % FUNCTIONS.length]!;
        const bias = i % 3 !== 0;
        compare(
          [m * n, m * n],
          [data(m * k), data(k * n), data(n)],
          [
            ([x, w, b], [z, y], scratch) => [
              gemm(z!, x!, w!, m, n, k, "NN", scratch),
              ...(bias ? [record(Op.Binary, z!, z!, b!, BinaryFn.Add, ...plane(m, n, 1, 1))] : []),
              record(Op.Unary, y!, z!, m * n, fn, 0, 0),
            ],
            ([x, w, b], [z, y]) => [
              record(Op.DenseForward, z!, x!, w!, bias ? b! : 0, m, n, k, y!, fn, 0, 0),
            ],
          ],
        );
      }
  });

  it.each(WIDTHS)("the gradients of a dense layer of %i inputs", (k) => {
    for (const n of WIDTHS)
      for (const [i, m] of ROWS.entries()) {
        const fn = FUNCTIONS[i % FUNCTIONS.length]!;
        const [sum, toX] = [i % 3 !== 1, i % 2 === 0];
        const sizes = [m * n, n, m * k, k * n];
        compare(
          sizes,
          [data(m * k), data(k * n), data(m * n), data(m * n)],
          [
            ([x, w, saved, dy], [dz, db, dx, dw], scratch) => [
              record(Op.UnaryGrad, dz!, saved!, dy!, m * n, fn, 0, 0),
              ...(sum ? [record(Op.Reduce, db!, dz!, ReduceFn.Sum, 1, m, n)] : []),
              ...(toX ? [gemm(dx!, dz!, w!, m, k, n, "NT", scratch)] : []),
              gemm(dw!, x!, dz!, k, n, m, "TN", scratch),
            ],
            ([x, w, saved, dy], [dz, db, dx, dw]) => [
              record(
                ...([Op.DenseBackward, dz!, saved!, dy!, fn, 0, 0, sum ? db! : 0, toX ? dx! : 0] as const),
                ...[dw!, x!, w!, m, n, k],
              ),
            ],
          ],
        );
      }
  });

  it.each(ROWS)("the squared error of %i rows", (n) => {
    const weights = numbers(n).map((v) => Math.abs(v));
    compare(
      [n, n, 1, n],
      [data(n), data(n).reverse(), weights, Float32Array.of(1)],
      [
        ([a, b, w, one], [d, terms, loss, each]) => [
          record(Op.Binary, d!, a!, b!, BinaryFn.Sub, ...plane(1, n, 1, 1)),
          record(Op.Unary, terms!, d!, n, UnaryFn.Square, 0, 0),
          record(Op.Binary, terms!, terms!, w!, BinaryFn.Mul, ...plane(1, n, 1, 1)),
          record(Op.Reduce, loss!, terms!, ReduceFn.Mean, 1, n, 1),
          record(Op.Unary, terms!, one!, 1, UnaryFn.Affine, f32(1 / n), 0),
          record(Op.Binary, each!, terms!, w!, BinaryFn.Mul, ...plane(1, n, 0, 1)),
          record(Op.Binary, d!, d!, each!, BinaryFn.Mul, ...plane(1, n, 1, 1)),
          record(Op.Unary, d!, d!, n, UnaryFn.Affine, f32(2), 0),
        ],
        ([a, b, w, one], [d, terms, loss, each]) => [
          record(
            ...([Op.SquaredError, d!, a!, b!, w!, n, terms!, loss!, one!, terms!, each!] as const),
            ...[f32(1 / n), f32(2)],
          ),
        ],
      ],
    );
  });
});
