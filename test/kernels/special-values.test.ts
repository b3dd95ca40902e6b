/**
 * Special values of the element-wise functions: NaN, ±∞, ±0, the ends of the range.
 * Invariant proved here: NaN stays NaN, and nothing that is finite becomes NaN.
 */
import { describe, expect, it } from "vitest";
import { BinaryFn, Op, UnaryFn } from "../../src/abi.ts";
import { f32, record, TapeCore } from "./tape-core.ts";

const core = new TapeCore("simd");

function unary(fn: UnaryFn, x: Float32Array, p = 0, q = 0): Float32Array {
  core.reset();
  const a = core.floats(x);
  const out = core.floats(x.length);
  core.ok(record(Op.Unary, out, a, x.length, fn, f32(p), f32(q)));
  return core.readFloats(out, x.length);
}

describe("special values", () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  const table: [name: string, fn: UnaryFn, pairs: [x: number, y: number][]][] = [
    [
      "exp",
      UnaryFn.Exp,
      [
        [nan, nan],
        [inf, inf],
        [-inf, 0],
        [0, 1],
        [-0, 1],
        [89, inf],
        [-104, 0],
        [1e4, inf],
      ],
    ],
    [
      "expm1",
      UnaryFn.Expm1,
      [
        [nan, nan],
        [inf, inf],
        [-inf, -1],
        [0, 0],
        [89, inf],
        [-200, -1],
      ],
    ],
    [
      "log",
      UnaryFn.Log,
      [
        [nan, nan],
        [inf, inf],
        [-inf, nan],
        [0, -inf],
        [-0, -inf],
        [-1, nan],
        [1, 0],
      ],
    ],
    [
      "log1p",
      UnaryFn.Log1p,
      [
        [nan, nan],
        [inf, inf],
        [-1, -inf],
        [-2, nan],
        [0, 0],
      ],
    ],
    [
      "tanh",
      UnaryFn.Tanh,
      [
        [nan, nan],
        [inf, 1],
        [-inf, -1],
        [0, 0],
        [-0, -0],
        [1e4, 1],
        [-1e4, -1],
      ],
    ],
    [
      "sigmoid",
      UnaryFn.Sigmoid,
      [
        [nan, nan],
        [inf, 1],
        [-inf, 0],
        [0, 0.5],
        [1e4, 1],
        [-1e4, 0],
      ],
    ],
    [
      "erf",
      UnaryFn.Erf,
      [
        [nan, nan],
        [inf, 1],
        [-inf, -1],
        [0, 0],
        [1e4, 1],
        [-1e4, -1],
      ],
    ],
    [
      "gelu",
      UnaryFn.Gelu,
      [
        [nan, nan],
        [1e4, 1e4],
        [-1e4, -0],
        [0, 0],
      ],
    ],
    [
      "geluTanh",
      UnaryFn.GeluTanh,
      [
        [nan, nan],
        [1e4, 1e4],
        [-1e4, -0],
        [3e38, Math.fround(3e38)],
        [-3e38, -0],
      ],
    ],
    [
      "silu",
      UnaryFn.Silu,
      [
        [nan, nan],
        [1e4, 1e4],
        [-1e4, -0],
        [0, 0],
      ],
    ],
    [
      "relu",
      UnaryFn.Relu,
      [
        [nan, nan],
        [inf, inf],
        [-inf, 0],
        [-1, 0],
        [2, 2],
      ],
    ],
    [
      "clamp",
      UnaryFn.Clamp,
      [
        [nan, nan],
        [inf, 20],
        [-inf, 1],
        [5, 5],
      ],
    ],
    [
      "sign",
      UnaryFn.Sign,
      [
        [nan, nan],
        [inf, 1],
        [-inf, -1],
        [0, 0],
        [-1e-45, -1],
        [3, 1],
      ],
    ],
    [
      "step",
      UnaryFn.Step,
      [
        [nan, 0],
        [inf, 1],
        [-inf, 0],
        [0, 0],
        [1e-45, 1],
      ],
    ],
    [
      "sin",
      UnaryFn.Sin,
      [
        [nan, nan],
        [inf, nan],
        [-inf, nan],
        [0, 0],
      ],
    ],
    [
      "cos",
      UnaryFn.Cos,
      [
        [nan, nan],
        [inf, nan],
        [0, 1],
      ],
    ],
    [
      "softplus",
      UnaryFn.Softplus,
      [
        [nan, nan],
        [1e4, 1e4],
        [-1e4, 0],
        [inf, inf],
        [-inf, 0],
      ],
    ],
    [
      "rsqrt",
      UnaryFn.Rsqrt,
      [
        [nan, nan],
        [inf, 0],
        [0, inf],
        [-1, nan],
      ],
    ],
  ];
  it.each(table)("%s", (_name, fn, pairs) => {
    const got = unary(fn, new Float32Array(pairs.map(([x]) => x)), 1, 20);
    expect([...got]).toEqual(pairs.map(([, y]) => y));
  });

  it("pow", () => {
    const pairs: [x: number, y: number, z: number][] = [
      [2, 10, 1024],
      [-2, 3, -8],
      [-2, 2, 4],
      [-2, 0.5, nan],
      [0, 0, 1],
      [0, 2, 0],
      [-0, 3, -0],
      [0, -1, inf],
      [-0, -3, -inf],
      [inf, 2, inf],
      [inf, -2, 0],
      [-inf, 3, -inf],
      [nan, 0, 1],
      [nan, 1, nan],
      [1, nan, 1],
      [2, inf, inf],
      [0.5, inf, 0],
      [2, -inf, 0],
      [-1, inf, 1],
      [10, 40, inf],
      [10, -60, 0],
      [-2, -3, -0.125],
      [-8, 16777216, inf],
      [9, 0.5, 3],
    ];
    core.reset();
    const a = core.floats(pairs.map(([x]) => x));
    const b = core.floats(pairs.map(([, y]) => y));
    const out = core.floats(pairs.length);
    core.ok(
      record(Op.Binary, out, a, b, BinaryFn.Pow, 1, 1, 1, 1, pairs.length, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
    );
    expect([...core.readFloats(out, pairs.length)]).toEqual(pairs.map(([, , z]) => z));
  });
});
