// Where the command line's images come from: a folder of IDX files or of pictures, or digits drawn on the spot.
// Place: command line, before the trainer. Invariant: equal arguments give equal rows in equal order.

import type { LabelledImages } from "../data/idx.ts";
import { drawDigits } from "../data/synthetic-digits.ts";
import { ConfigError } from "../errors.ts";
import { product } from "../shape.ts";
import { readIdxFolder, readIdxTestSet } from "./idx-folder.ts";
import { isPictureFolder, readPictureFolder, readPictureTestSet } from "./picture-folder.ts";

/** Drawn digits by default: enough for a good network, drawn in under a second. */
const DRAWN_TRAIN = 20_000;
const DRAWN_TEST = 4_000;
/** Fixed: `--seed` is the training's, and a model must find the same test set again. */
const DRAWN_SEED = 1;

/** Images to train on and others to test on. */
export interface ImageData {
  /** For people: the folder, or what was drawn. */
  readonly name: string;
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  /** Where the folders of the classes have names. */
  readonly classNames?: readonly string[];
}

/** Training and test images from `folder`, or drawn ones. */
export async function loadImages(folder: string | undefined): Promise<ImageData> {
  if (folder !== undefined) {
    const read = (await isPictureFolder(folder)) ? readPictureFolder : readIdxFolder;
    return { name: folder, ...(await read(folder)) };
  }
  const all = drawDigits({ count: DRAWN_TRAIN + DRAWN_TEST, seed: DRAWN_SEED });
  const part = (from: number, to: number): LabelledImages => ({
    x: all.x.subarray(from * 784, to * 784),
    y: all.y.subarray(from, to),
    count: to - from,
    imageShape: [28, 28],
  });
  return {
    name: "drawn digits",
    train: part(0, DRAWN_TRAIN),
    test: part(DRAWN_TRAIN, DRAWN_TRAIN + DRAWN_TEST),
  };
}

/** Test images only. */
export async function loadTestImages(folder: string | undefined): Promise<LabelledImages> {
  if (folder === undefined) return (await loadImages(undefined)).test;
  return (await isPictureFolder(folder)) ? readPictureTestSet(folder) : readIdxTestSet(folder);
}

/** How many classes the labels name; there must be at least two. */
export function classCount({ train, test, name }: ImageData): number {
  let most = 0;
  for (const labels of [train.y, test.y]) for (const label of labels) if (label > most) most = label;
  if (train.count === 0 || test.count === 0 || most === 0) {
    const message = `${name}: expected images of at least two classes, got ${train.count} + ${test.count} images of one`;
    throw new ConfigError("config/data-folder", message, { file: name });
  }
  return most + 1;
}

/** Values of one image. */
export function imageElements(images: LabelledImages): number {
  return product(images.imageShape);
}
