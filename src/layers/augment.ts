// Augmentation: layers that change pictures at random while a model trains, and do nothing when it predicts.
//
// Place: definitions for the registry. Invariant: equal seed and step give equal changes in every runtime; in
// prediction and evaluation each of them is the identity, and randomCrop takes the middle.

import { defined } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import { addNoise, movePixels, rotatePictures, toneRows } from "../ops/augment.ts";
import { generalKernels } from "../packs/general.ts";
import {
  badOption,
  type LayerDefinition,
  makeLayer,
  rangeOption,
  refuseInput,
  sizeOption,
} from "./definition.ts";

/** [height, width] of pictures [N, H, W, C]. */
function pictureSize(layer: string, x: AnyNode): [number, number] {
  const [, h, w, c] = x.shape;
  if (x.shape.length !== 4 || typeof h !== "number" || typeof w !== "number" || typeof c !== "number")
    throw refuseInput(layer, "[N, H, W, C]", x);
  return [h, w];
}

function finiteOption(layer: string, options: LayerOptions, option: string, fallback: number): number {
  const value = options[option] ?? fallback;
  if (typeof value === "number") return value;
  throw badOption(layer, option, "a number", value);
}

/** A whole number of pixels from 0 to `most`. */
function pixelsOption(layer: string, options: LayerOptions, option: string, most: number): number {
  const value = options[option] ?? 0;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw badOption(layer, option, `a whole number of pixels from 0 to ${most}`, value);
}

const STILL = { size: null, minY: 0, rangeY: 1, minX: 0, rangeX: 1, flipY: false, flipX: false, fill: 0 };

export const randomShiftLayer: LayerDefinition = {
  op: "randomShift",
  version: 1,
  options: ["vertical", "horizontal", "fill"],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    const [h, w] = pictureSize(layer, x!);
    const dy = pixelsOption(layer, options, "vertical", h - 1);
    const dx = pixelsOption(layer, options, "horizontal", w - 1);
    const fill = finiteOption(layer, options, "fill", 0);
    const stream = context.stream();
    if (context.mode === "predict") return x!;
    const ranges = { minY: -dy, rangeY: 2 * dy + 1, minX: -dx, rangeX: 2 * dx + 1 };
    return defined(b, movePixels, [x!], { ...STILL, ...ranges, fill, stream });
  },
};

/**
 * In training shifts each picture [H, W, C] by a whole number of pixels, up to `pixels` in each direction (or `vertical`
 * and `horizontal`), and fills what comes into sight with `fill` (default 0).
 */
export function randomShift(
  pixels: number | { readonly vertical?: number; readonly horizontal?: number },
  options: { fill?: number; name?: string } = {},
): Layer {
  const both = typeof pixels === "number" ? { vertical: pixels, horizontal: pixels } : pixels;
  return makeLayer(randomShiftLayer, { ...both, ...options });
}

const FLIPS = ["horizontal", "vertical", "both"] as const;

export const randomFlipLayer: LayerDefinition = {
  op: "randomFlip",
  version: 1,
  options: ["direction"],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    pictureSize(layer, x!);
    const { direction = "horizontal" } = options;
    if (!FLIPS.includes(direction as never))
      throw badOption(layer, "direction", `one of ${FLIPS.join(", ")}`, direction);
    const stream = context.stream();
    if (context.mode === "predict") return x!;
    const flips = { flipX: direction !== "vertical", flipY: direction !== "horizontal" };
    return defined(b, movePixels, [x!], { ...STILL, ...flips, stream });
  },
};

/** In training mirrors half of the pictures [H, W, C]: left to right ("horizontal"), upside down ("vertical"), or each by itself ("both"). */
export const randomFlip = (
  direction: "horizontal" | "vertical" | "both" = "horizontal",
  options: { name?: string } = {},
): Layer => makeLayer(randomFlipLayer, { direction, ...options });

export const randomCropLayer: LayerDefinition = {
  op: "randomCrop",
  version: 1,
  options: ["height", "width", "padding", "fill"],
  kernels: [generalKernels],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    const [h, w] = pictureSize(layer, x!);
    const height = sizeOption(layer, "height", options.height);
    const width = sizeOption(layer, "width", options.width);
    if (height > h || width > w) throw refuseInput(layer, `of at least [N, ${height}, ${width}, C]`, x!);
    const padding = pixelsOption(layer, options, "padding", Math.min(height, width) - 1);
    const fill = finiteOption(layer, options, "fill", 0);
    const stream = context.stream();
    if (context.mode === "predict") {
      const rows = height === h ? x! : middle(b, x!, 1, h, height);
      return width === w ? rows : middle(b, rows, 2, w, width);
    }
    const ranges = {
      ...{ minY: -padding, rangeY: h - height + 2 * padding + 1 },
      ...{ minX: -padding, rangeX: w - width + 2 * padding + 1 },
    };
    return defined(b, movePixels, [x!], { ...STILL, ...ranges, size: [height, width], fill, stream });
  },
};

function middle(
  b: Parameters<typeof defined>[0],
  x: AnyNode,
  axis: number,
  from: number,
  length: number,
): AnyNode {
  return b.add("slice", [x], { axis, start: Math.floor((from - length) / 2), length });
}

/**
 * In training cuts a piece of `size` out of each picture [H, W, C] at random, after `padding` pixels of `fill` on every
 * side; in prediction the middle.
 */
export const randomCrop = (
  size: readonly [height: number, width: number],
  options: { padding?: number; fill?: number; name?: string } = {},
): Layer => makeLayer(randomCropLayer, { height: size[0], width: size[1], ...options });

export const randomRotationLayer: LayerDefinition = {
  op: "randomRotation",
  version: 1,
  options: ["degrees", "fill"],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    pictureSize(layer, x!);
    const degrees = finiteOption(layer, options, "degrees", 0);
    if (!(degrees >= 0 && degrees <= 180)) throw badOption(layer, "degrees", "from 0 to 180", degrees);
    const fill = finiteOption(layer, options, "fill", 0);
    const stream = context.stream();
    if (context.mode === "predict") return x!;
    return defined(b, rotatePictures, [x!], { turns: degrees / 360, fill, stream });
  },
};

/**
 * In training turns each picture [H, W, C] about its centre by up to `degrees` either way, with bilinear interpolation;
 * what comes into sight is `fill` (default 0). It has no gradient: put it before the first layer with weights.
 */
export const randomRotation = (degrees: number, options: { fill?: number; name?: string } = {}): Layer =>
  makeLayer(randomRotationLayer, { degrees, ...options });

const toneLayer = (op: string, option: "brightness" | "contrast"): LayerDefinition => ({
  op,
  version: 1,
  options: ["strength"],
  lower(context, [x], options) {
    const most = option === "contrast" ? 1.0000001 : Number.MAX_VALUE;
    const strength = rangeOption(context.layer, options, "strength", 0, 0, most);
    const stream = context.stream();
    if (context.mode === "predict" || strength === 0) return x!;
    const attrs = { brightness: 0, contrast: 0, [option]: strength, stream };
    return defined(context.builder, toneRows, [x!], attrs);
  },
});

export const randomBrightnessLayer = toneLayer("randomBrightness", "brightness");
export const randomContrastLayer = toneLayer("randomContrast", "contrast");

/** In training adds to all values of a row one number from −strength to strength, in the units of the values. */
export const randomBrightness = (strength: number, options: { name?: string } = {}): Layer =>
  makeLayer(randomBrightnessLayer, { strength, ...options });

/** In training scales the distances from a row's mean by a factor from 1 − strength to 1 + strength. */
export const randomContrast = (strength: number, options: { name?: string } = {}): Layer =>
  makeLayer(randomContrastLayer, { strength, ...options });

export const gaussianNoiseLayer: LayerDefinition = {
  op: "gaussianNoise",
  version: 1,
  options: ["deviation"],
  kernels: [generalKernels],
  lower(context, [x], options) {
    const deviation = rangeOption(context.layer, options, "deviation", 0, 0, Number.MAX_VALUE);
    const stream = context.stream();
    if (context.mode === "predict" || deviation === 0) return x!;
    return defined(context.builder, addNoise, [x!], { deviation, stream });
  },
};

/** In training adds normal noise of mean 0 and the given standard deviation to every value. */
export const gaussianNoise = (deviation: number, options: { name?: string } = {}): Layer =>
  makeLayer(gaussianNoiseLayer, { deviation, ...options });

export const augmentLayers: readonly LayerDefinition[] = [
  randomShiftLayer,
  randomFlipLayer,
  randomCropLayer,
  randomRotationLayer,
  randomBrightnessLayer,
  randomContrastLayer,
  gaussianNoiseLayer,
];
