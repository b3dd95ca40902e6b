// Windows that slide over images: how many there are, and what padding means.
//
// Place: arithmetic shared by convolution and pooling. Dimensions: H height, W width; pairs are [vertical, horizontal].
// Invariant: sizes depend on one sample alone, never on the batch.

import { ShapeError } from "../errors.ts";
import type { AnyNode } from "../graph/ops.ts";
import { type Dim, formatShape } from "../shape.ts";

export type Pair = readonly [number, number];
/** Zeros around an image: top, bottom, left, right. */
export type Padding = readonly [number, number, number, number];

/** How a window moves over an image. */
export interface Sliding {
  readonly strides: Pair;
  readonly dilation: Pair;
  readonly padding: Padding;
}

/** Batch (possibly a symbol), height, width and channels of an image tensor. */
export interface ImageShape {
  readonly batch: Dim;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** @throws ShapeError unless the node is [N, H, W, C] with known H, W and C */
export function imageShape(op: string, x: AnyNode): ImageShape {
  const [batch, height, width, channels] = x.shape;
  if (
    x.shape.length !== 4 ||
    x.dtype !== "f32" ||
    typeof height !== "number" ||
    typeof width !== "number" ||
    typeof channels !== "number"
  )
    throw new ShapeError(
      "layer/shape",
      `${op}: expected an image [N, H, W, C], got ${formatShape(x.shape)}`,
      {
        expected: "[N, H, W, C]",
        got: formatShape(x.shape),
      },
    );
  return { batch: batch!, height, width, channels };
}

/** Pixels that a dilated kernel spans. */
export const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Zeros before and after that make ceil(length / stride) windows; the odd one comes after, as in TensorFlow. */
export function samePadding(length: number, kernel: number, stride: number, dilation: number): Pair {
  const windows = Math.ceil(length / stride);
  const total = Math.max(0, (windows - 1) * stride + reach(kernel, dilation) - length);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/**
 * Number of windows in each direction. With `ceil` a last window may hang over the end, if it begins before it.
 *
 * @throws ShapeError if there is none
 */
export function windowCounts(
  op: string,
  size: Pair,
  kernel: Pair,
  { strides, dilation, padding }: Sliding,
  ceil = false,
): Pair {
  const counts = [0, 1].map((d) => {
    const [length, stride] = [size[d]!, strides[d]!];
    const [before, after] = [padding[2 * d]!, padding[2 * d + 1]!];
    const rest = length + before + after - reach(kernel[d]!, dilation[d]!);
    if (rest < 0) return 0;
    const count = (ceil ? Math.ceil(rest / stride) : Math.floor(rest / stride)) + 1;
    return ceil && (count - 1) * stride >= length + before ? count - 1 : count;
  }) as [number, number];
  if (counts[0] < 1 || counts[1] < 1) {
    const [top, bottom, left, right] = padding;
    const padded = `${size[0] + top + bottom}×${size[1] + left + right}`;
    const spans = `${reach(kernel[0], dilation[0])}×${reach(kernel[1], dilation[1])}`;
    throw new ShapeError(
      "layer/empty-output",
      `${op}: expected a window that fits into the padded input of ${padded} pixels, got one of ${spans}: ` +
        "use a smaller kernel or dilation, more padding, or a larger image",
      { expected: `at most ${padded}`, got: spans },
    );
  }
  return counts;
}
