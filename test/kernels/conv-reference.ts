/**
 * Convolution and its gradients as f64 loops straight from the definition, random shapes, and records for the core.
 * Place: beside the kernel tests; shares no arithmetic with the library.
 */
import { Op } from "../../src/abi.ts";
import { type ConvAlgorithm, ConvField } from "../../src/abi-image.ts";
import { type ConvKind, type ConvShape, convWorkBytes } from "../../src/ops/convolution-algorithm.ts";
import { record, type TapeCore } from "./tape-core.ts";

let seed = 7;
export function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 8) / 2 ** 24;
}
export const integer = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
export const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, () => random() * 2 - 1);

/** Sizes with what they leave out: the output's follows from padding on all sides. */
export function convShape(given: Partial<ConvShape> & { padBottom?: number; padRight?: number }): ConvShape {
  const s = {
    ...{ n: 2, h: 8, w: 8, c: 4, f: 4, kernelH: 3, kernelW: 3, strideY: 1, strideX: 1 },
    ...{ dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0, groups: 1 },
    ...given,
  };
  const out = (size: number, pads: number, k: number, d: number, stride: number) =>
    Math.floor((size + pads - (k - 1) * d - 1) / stride) + 1;
  const { padBottom = s.padTop, padRight = s.padLeft } = given;
  return {
    ...s,
    outH: out(s.h, s.padTop + padBottom, s.kernelH, s.dilationY, s.strideY),
    outW: out(s.w, s.padLeft + padRight, s.kernelW, s.dilationX, s.strideX),
  };
}

export interface Operands {
  x: Float32Array;
  w: Float32Array;
  dy: Float32Array;
}

export function operands(s: ConvShape): Operands {
  return {
    x: numbers(s.n * s.h * s.w * s.c),
    w: numbers((s.kernelH * s.kernelW * s.c * s.f) / s.groups),
    dy: numbers(s.n * s.outH * s.outW * s.f),
  };
}

export interface Expected {
  y: Float64Array;
  dx: Float64Array;
  dw: Float64Array;
  db: Float64Array;
}

/** All four results in f64. */
export function reference(s: ConvShape, { x, w, dy }: Operands): Expected {
  const [y, dx, dw] = [dy, x, w].map((like) => new Float64Array(like.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const db = new Float64Array(s.f);
  const [groupC, groupF] = [s.c / s.groups, s.f / s.groups];
  for (let n = 0; n < s.n; n++)
    for (let oy = 0; oy < s.outH; oy++)
      for (let ox = 0; ox < s.outW; ox++)
        for (let f = 0; f < s.f; f++) {
          const out = ((n * s.outH + oy) * s.outW + ox) * s.f + f;
          const d = dy[out]!;
          db[f]! += d;
          const firstC = Math.floor(f / groupF) * groupC;
          for (let ky = 0; ky < s.kernelH; ky++)
            for (let kx = 0; kx < s.kernelW; kx++) {
              const iy = oy * s.strideY + ky * s.dilationY - s.padTop;
              const ix = ox * s.strideX + kx * s.dilationX - s.padLeft;
              if (iy < 0 || ix < 0 || iy >= s.h || ix >= s.w) continue;
              for (let c = 0; c < groupC; c++) {
                const from = ((n * s.h + iy) * s.w + ix) * s.c + firstC + c;
                const weight = ((ky * s.kernelW + kx) * groupC + c) * s.f + f;
                y[out]! += x[from]! * w[weight]!;
                dx[from]! += d * w[weight]!;
                dw[weight]! += d * x[from]!;
              }
            }
        }
  return { y, dx, dw, db };
}

export interface ConvOptions {
  relu?: boolean;
  bias?: Float32Array;
  mask?: Float32Array;
}

const OPS: Readonly<Record<ConvKind, Op>> = {
  forward: Op.Conv2d,
  inputGrad: Op.Conv2dInputGrad,
  weightGrad: Op.Conv2dWeightGrad,
};

/** Runs one record; with weightGrad the second result is db. Guard words around all tensors and the work are checked. */
export function runConv(
  core: TapeCore,
  kind: ConvKind,
  algorithm: ConvAlgorithm,
  s: ConvShape,
  { x, w, dy }: Operands,
  { relu = false, bias, mask }: ConvOptions = {},
): [Float32Array, Float32Array] {
  core.reset();
  const [a, b, size] =
    kind === "forward" ? [x, w, dy.length] : kind === "inputGrad" ? [dy, w, x.length] : [x, dy, w.length];
  const out = core.floats(size);
  const [atA, atB] = [core.floats(a), core.floats(b)];
  const db = core.floats(s.f);
  const atBias = kind === "weightGrad" ? db : bias ? core.floats(bias) : 0;
  const atMask = mask ? core.floats(mask) : 0;
  const work = core.aligned(convWorkBytes(kind, s, algorithm));
  const sizes = [s.n, s.h, s.w, s.c, s.f, s.kernelH, s.kernelW, s.outH, s.outW, s.strideY, s.strideX];
  const rest = [
    s.dilationY,
    s.dilationX,
    s.padTop,
    s.padLeft,
    s.groups,
    Number(relu),
    atMask,
    algorithm,
    work,
  ];
  const words = record(OPS[kind], out, atA, atB, atBias, ...sizes, ...rest);
  if (words.length !== ConvField.Count) throw new Error("the record lacks fields");
  core.ok(words);
  return [core.readFloats(out, size), core.readFloats(db, s.f)];
}

/** Largest difference over the root mean square of what is expected. */
export function relativeError(actual: Float32Array, expected: Float64Array): number {
  let [most, squares] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    // a NaN must not hide behind a comparison
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= most)) most = difference;
    squares += expected[i]! ** 2;
  }
  return most === 0 ? 0 : most / Math.sqrt(squares / expected.length || 1);
}
