// Rows that are flattened images: their features lie as H·W·C in memory and as C·H·W in PyTorch.
//
// Place: asked by layers that keep one value per feature, so that their weights load into PyTorch and out of it.
// Invariant: follows only ops that leave every feature in its place; anything else ends the search.

import type { GraphBuilder } from "../graph/builder.ts";
import { definitionOf } from "../graph/defined.ts";
import type { AnyNode, OpName } from "../graph/ops.ts";
import type { TensorSpec } from "./definition.ts";

export type ImageSize = readonly [height: number, width: number, channels: number];

const ELEMENTWISE: ReadonlySet<OpName> = new Set<OpName>(["reshape", "unary", "dropout"]);

/** The image whose pixels x's features are, in memory order; undefined where they are something else. */
export function flattenedImage(b: GraphBuilder, x: AnyNode): ImageSize | undefined {
  if (x.shape.length !== 2) return undefined;
  let at = x;
  while (at.shape.length !== 4) {
    const one = at.op === "defined" ? definitionOf(at).elementwise : ELEMENTWISE.has(at.op);
    if (one) at = b.at(at.inputs[0]!);
    else if (at.op === "binary") {
      const whole = at.inputs.map((id) => b.at(id)).find((input) => input.shape.length === at.shape.length);
      const [last, own] = [whole?.shape.at(-1), at.shape.at(-1)];
      if (!whole || last !== own) return undefined;
      at = whole;
    } else return undefined;
  }
  const [, height, width, channels] = at.shape;
  const sizes = [height, width, channels] as unknown as ImageSize;
  const known = sizes.every((size) => typeof size === "number");
  return known && sizes[0] * sizes[1] * sizes[2] === x.shape[1] ? sizes : undefined;
}

/** Of a weight [features, units]: PyTorch's [units, features]. */
export function denseFileAxes(
  image: ImageSize | undefined,
  units: number,
): Pick<TensorSpec, "fileAxes" | "view" | "fileShape"> {
  if (!image) return { fileAxes: [1, 0] };
  const features = image[0] * image[1] * image[2];
  return { fileAxes: [3, 2, 0, 1], view: [...image, units], fileShape: [units, features] };
}

/** Of one value per feature. */
export function featureFileAxes(
  image: ImageSize | undefined,
): Pick<TensorSpec, "fileAxes" | "view" | "fileShape"> {
  if (!image) return {};
  return { fileAxes: [2, 0, 1], view: image, fileShape: [image[0] * image[1] * image[2]] };
}
