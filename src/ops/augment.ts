// The augmentation ops: what changes pictures at random while a model trains.
//
// Place: definitions that layers/augment.ts appends in training; a program without those layers carries none of this.
// Invariant: what happens to a row is drawn anew in every step, from seed, step, stream and row alone, so that the
// gradient draws the same again. See src/abi-augment.ts.

import { BinaryFn, Op, RandomFn } from "../abi.ts";
import { defined, type OpDefinition } from "../graph/defined.ts";
import { f32Bits } from "../graph/float-bits.ts";
import type { AnyNode, Inferred } from "../graph/ops.ts";
import { augmentKernels } from "../packs/augment.ts";
import { type Binding, product, sizeOf } from "../shape.ts";

const like = (_: unknown, [x]: readonly AnyNode[]): Inferred => ({ shape: x!.shape, dtype: "f32" });

const flops = (_: unknown, __: unknown, node: AnyNode, binding: Binding): number =>
  sizeOf(node.shape, binding);

export interface MoveAttrs {
  /** Height and width of the result; null: those of the picture. */
  readonly size: readonly [number, number] | null;
  /** Offsets are whole numbers from min to min + range − 1. */
  readonly minY: number;
  readonly rangeY: number;
  readonly minX: number;
  readonly rangeX: number;
  readonly flipY: boolean;
  readonly flipX: boolean;
  readonly fill: number;
  readonly stream: number;
}

function emitMove(
  c: Parameters<OpDefinition["encode"]>[0],
  [out, a]: readonly [number, number],
  large: readonly number[],
  small: readonly number[],
  { minY, rangeY, minX, rangeX, flipY, flipX, fill, stream }: MoveAttrs,
  inverse: number,
): void {
  const [rows, height, width, channels] = large as [number, number, number, number];
  const sizes = [rows, height, width, small[1]!, small[2]!, channels];
  const draws = [minY, rangeY, minX, rangeX, flipY ? 1 : 0, flipX ? 1 : 0, f32Bits(fill), stream];
  c.emit(Op.AugmentMove, out, a, ...sizes, ...draws, inverse);
}

/** (x [N, H, W, C]) → [N, h, w, C]: shift, crop and flip, see MoveField */
export const movePixels: OpDefinition<MoveAttrs> = {
  name: "movePixels",
  kernels: augmentKernels,
  infer: ({ size }, [x]) => {
    const [n, h, w, channels] = x!.shape;
    return { shape: [n!, size?.[0] ?? h!, size?.[1] ?? w!, channels!], dtype: "f32" };
  },
  gradient: (b, dy, _, [x], attrs) => [
    defined(b, movePixelsBack, [dy], { ...attrs, from: [x!.shape[1] as number, x!.shape[2] as number] }),
  ],
  encode(c, node, out, attrs) {
    const x = c.input(node, 0);
    emitMove(c, [out, c.at(x.id)], c.dims(x), c.dims(node), attrs, 0);
  },
  flops,
};

/** (dy [N, h, w, C]) → [N, H, W, C], each pixel where it came from, else 0 */
export const movePixelsBack: OpDefinition<MoveAttrs & { readonly from: readonly [number, number] }> = {
  name: "movePixelsBack",
  kernels: augmentKernels,
  infer: ({ from }, [dy]) => ({ shape: [dy!.shape[0]!, ...from, dy!.shape[3]!], dtype: "f32" }),
  encode(c, node, out, attrs) {
    const dy = c.input(node, 0);
    emitMove(c, [out, c.at(dy.id)], c.dims(node), c.dims(dy), attrs, 1);
  },
  flops,
};

/** (x [N, H, W, C]) turned about the centre by up to `turns` either way, bilinear; has no gradient */
export const rotatePictures: OpDefinition<{ turns: number; fill: number; stream: number }> = {
  name: "rotatePictures",
  kernels: augmentKernels,
  infer: like,
  encode(c, node, out, { turns, fill, stream }) {
    const a = c.at(node.inputs[0]!);
    c.emit(Op.AugmentRotate, out, a, ...c.dims(node), f32Bits(turns), f32Bits(fill), stream);
  },
  // Two sines for a row are nothing; each value mixes four.
  flops: (_, __, node, binding) => 8 * sizeOf(node.shape, binding),
};

export interface ToneAttrs {
  readonly brightness: number;
  readonly contrast: number;
  readonly stream: number;
}

/** (x [N, …]) with another brightness and contrast in each row; linear but for the shift, and its own adjoint */
export const toneRows: OpDefinition<ToneAttrs> = {
  name: "toneRows",
  kernels: augmentKernels,
  infer: like,
  gradient: (b, dy, _, __, attrs) =>
    attrs.contrast === 0 ? [dy] : [defined(b, toneRows, [dy], { ...attrs, brightness: 0 })],
  encode(c, node, out, { brightness, contrast, stream }) {
    const [rows, ...rest] = c.dims(node);
    const strengths = [f32Bits(brightness), f32Bits(contrast)];
    c.emit(Op.AugmentTone, out, c.at(node.inputs[0]!), rows!, product(rest), ...strengths, stream);
  },
  flops: (_, __, node, binding) => 2 * sizeOf(node.shape, binding),
  inPlace: [0],
};

/** (x) + deviation·z, z normal with mean 0 and deviation 1 */
export const addNoise: OpDefinition<{ deviation: number; stream: number }> = {
  name: "addNoise",
  kernels: augmentKernels,
  infer: like,
  gradient: (_, dy) => [dy],
  encode(c, node, out, { deviation, stream }) {
    const n = c.count(node);
    c.emit(Op.Random, out, n, RandomFn.Normal, 0, f32Bits(deviation), stream);
    const flat = [0, 0, 0, 0, 1];
    c.emit(Op.Binary, out, out, c.at(node.inputs[0]!), BinaryFn.Add, 1, 1, 1, 1, n, ...flat, ...flat);
  },
  flops,
};
