// What the augmentation ops mean, pixel by pixel, drawn from the oracle's own Philox.
//
// Place: rows of the reference interpreter's table of defined ops, and the oracle of test/kernels/augment.test.ts.
// Source of the draws: src/abi-augment.ts. Shares no arithmetic with the library.

import { product } from "../../src/shape.ts";
import type { DefinedRule } from "./defined.ts";
import { philoxBlock, philoxWords, type RandomState } from "./philox.ts";
import { mapTensor, tensor } from "./tensor.ts";

const row = (n: number, stream: number, { seed, step }: RandomState): number[] =>
  philoxBlock([n, ...step, stream], seed);

const below = (word: number, range: number): number => Number((BigInt(word) * BigInt(range)) >> 32n);
const centred = (word: number): number => (2 * (word >>> 8)) / 2 ** 24 - 1;

export interface Moves {
  readonly minY: number;
  readonly rangeY: number;
  readonly minX: number;
  readonly rangeX: number;
  readonly flipY: boolean;
  readonly flipX: boolean;
  readonly fill: number;
  readonly stream: number;
}

/** Calls `visit(small, large)` for each pair of pixels that belong together; large is −1 outside the picture. */
function eachMove(
  [rows, height, width]: readonly number[],
  [outHeight, outWidth]: readonly number[],
  moves: Moves,
  random: RandomState,
  visit: (small: number, large: number) => void,
): void {
  for (let n = 0; n < rows!; n++) {
    const [w0, w1, w2, w3] = row(n, moves.stream, random) as [number, number, number, number];
    const oy = moves.minY + below(w0, moves.rangeY);
    const ox = moves.minX + below(w1, moves.rangeX);
    for (let y = 0; y < outHeight!; y++)
      for (let x = 0; x < outWidth!; x++) {
        const sy = oy + (moves.flipY && w3 >= 2 ** 31 ? outHeight! - 1 - y : y);
        const sx = ox + (moves.flipX && w2 >= 2 ** 31 ? outWidth! - 1 - x : x);
        const inside = sy >= 0 && sy < height! && sx >= 0 && sx < width!;
        visit((n * outHeight! + y) * outWidth! + x, inside ? (n * height! + sy) * width! + sx : -1);
      }
  }
}

/** x [rows, height, width, channels] → [rows, outHeight, outWidth, channels]. */
export function movePixels(
  x: ArrayLike<number>,
  shape: readonly number[],
  out: readonly number[],
  moves: Moves,
  random: RandomState,
): number[] {
  const channels = shape[3]!;
  const y: number[] = [];
  eachMove(shape, out, moves, random, (small, large) => {
    for (let c = 0; c < channels; c++)
      y[small * channels + c] = large < 0 ? moves.fill : x[large * channels + c]!;
  });
  return y;
}

/** The gradient of movePixels: dy of the small pictures → dx of the large ones. */
export function movePixelsBack(
  dy: ArrayLike<number>,
  shape: readonly number[],
  out: readonly number[],
  moves: Moves,
  random: RandomState,
): number[] {
  const channels = shape[3]!;
  const dx: number[] = new Array(product(shape)).fill(0);
  eachMove(shape, out, moves, random, (small, large) => {
    if (large < 0) return;
    for (let c = 0; c < channels; c++) dx[large * channels + c]! += dy[small * channels + c]!;
  });
  return dx;
}

/** x [rows, height, width, channels], turned about the centre. */
export function rotatePictures(
  x: ArrayLike<number>,
  [rows, height, width, channels]: readonly [number, number, number, number],
  { turns, fill, stream }: { turns: number; fill: number; stream: number },
  random: RandomState,
): number[] {
  const out: number[] = [];
  for (let n = 0; n < rows; n++) {
    const angle = 2 * Math.PI * turns * centred(row(n, stream, random)[0]!);
    const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
    const [cy, cx] = [(height - 1) / 2, (width - 1) / 2];
    for (let y = 0; y < height; y++)
      for (let column = 0; column < width; column++) {
        const sy = cy + cosine * (y - cy) - sine * (column - cx);
        const sx = cx + sine * (y - cy) + cosine * (column - cx);
        for (let c = 0; c < channels; c++) {
          let value = 0;
          for (const iy of [Math.floor(sy), Math.floor(sy) + 1])
            for (const ix of [Math.floor(sx), Math.floor(sx) + 1]) {
              const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
              const pixel = inside ? x[((n * height + iy) * width + ix) * channels + c]! : fill;
              value += pixel * (1 - Math.abs(sy - iy)) * (1 - Math.abs(sx - ix));
            }
          out.push(value);
        }
      }
  }
  return out;
}

/** x [rows, elements] with another brightness and contrast in each row. */
export function toneRows(
  x: ArrayLike<number>,
  rows: number,
  { brightness, contrast, stream }: { brightness: number; contrast: number; stream: number },
  random: RandomState,
): number[] {
  const elements = x.length / rows;
  const values = Array.from(x);
  return values.map((value, i) => {
    const n = Math.floor(i / elements);
    const [w0, w1] = row(n, stream, random) as [number, number];
    const all = values.slice(n * elements, (n + 1) * elements);
    const mean = contrast === 0 ? 0 : all.reduce((a, b) => a + b, 0) / elements;
    return (value - mean) * (1 + contrast * centred(w1)) + mean + brightness * centred(w0);
  });
}

/** `n` normal numbers of a stream: Box–Muller on pairs of words (RandomField of src/abi.ts). */
function normals(n: number, stream: number, random: RandomState): number[] {
  const words = philoxWords(n + 1, stream, random).map((word) => (word >>> 8) / 2 ** 24);
  return Array.from({ length: n }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(words[i & ~1]! + 2 ** -24));
    const angle = 2 * Math.PI * words[(i & ~1) + 1]!;
    return radius * (i & 1 ? Math.sin(angle) : Math.cos(angle));
  });
}

type Four = readonly [number, number, number, number];

export const augmentRules: { readonly [name: string]: DefinedRule } = {
  movePixels: (attrs, [x], c, shape) =>
    tensor(shape, movePixels(x!.data, x!.shape, shape.slice(1, 3), attrs, c.random)),
  movePixelsBack: (attrs, [dy], c, shape) =>
    tensor(shape, movePixelsBack(dy!.data, shape, dy!.shape.slice(1, 3), attrs, c.random)),
  rotatePictures: (attrs, [x], c, shape) =>
    mapTensor(tensor(shape, rotatePictures(x!.data, x!.shape as Four, attrs, c.random)), c.round),
  toneRows: (attrs, [x], c, shape) =>
    mapTensor(tensor(shape, toneRows(x!.data, shape[0]!, attrs, c.random)), c.round),
  addNoise: (attrs: { deviation: number; stream: number }, [x], c) => {
    const z = normals(x!.data.length, attrs.stream, c.random);
    return mapTensor(x!, (value, i) => c.round(value + c.round(attrs.deviation * z[i]!)));
  },
};
