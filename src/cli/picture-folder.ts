// Reads folders of pictures, one folder for each class, as labelled images.
// Place: command line, beside idx-folder.ts; decode-picture.ts opens the files.
// Invariant: equal folders give equal rows in equal order: classes and files are sorted by name, never by the disk.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LabelledImages } from "../data/idx.ts";
import { takeRows, trainTestSplit } from "../data/split.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { product } from "../shape.ts";
import { decodePicture, type Picture } from "./decode-picture.ts";
import { readBytes } from "./files.ts";
import { isIdxName } from "./idx-folder.ts";

/** Pictures of a folder, and what its classes are called. */
export interface PictureFolder {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  readonly classNames: readonly string[];
}

/** Share of each class that tests, where the folder does not say. */
const TEST_FRACTION = 0.2;
/** Fixed: `--seed` is the training's, and a model must find the same test set again. */
const SPLIT_SEED = 0;
/** Labels are bytes. */
const MAX_CLASSES = 256;

/** True for a folder that holds folders and no IDX files: one for each class, or `train` and `test` with the classes inside. */
export async function isPictureFolder(folder: string): Promise<boolean> {
  const entries = await entriesOf(folder);
  return entries.some((entry) => entry.isDirectory()) && !entries.some(({ name }) => isIdxName(name));
}

/**
 * Reads DIR/class/picture.png, of which a fifth tests, or DIR/train/class/… and DIR/test/class/….
 * @throws ConfigError for a folder without classes or a class without pictures, FormatError for a file that is no whole
 * PNG or JPEG, or of another size or number of channels than the others.
 */
export async function readPictureFolder(folder: string): Promise<PictureFolder> {
  const names = await foldersIn(folder);
  if (names.length !== 2 || !names.includes("train") || !names.includes("test")) {
    const classNames = checkClasses(folder, names);
    return { ...divide(await readClasses(folder, classNames)), classNames };
  }
  const [trainFolder, testFolder] = [join(folder, "train"), join(folder, "test")];
  const classNames = checkClasses(trainFolder, await foldersIn(trainFolder));
  for (const name of await foldersIn(testFolder)) {
    if (classNames.includes(name)) continue;
    const message = `${join(testFolder, name)}: there is no class "${name}" in ${trainFolder}`;
    throw new ConfigError("config/class-folder", message, { file: join(testFolder, name) });
  }
  const train = await readClasses(trainFolder, classNames);
  return { train, test: await readClasses(testFolder, classNames, like(train)), classNames };
}

/** The pictures that test: all that `predict` needs. */
export async function readPictureTestSet(folder: string): Promise<LabelledImages> {
  return (await readPictureFolder(folder)).test;
}

/** Pictures by their paths, all of one size; their labels are unknown. */
export async function readPictures(paths: readonly string[]): Promise<Omit<LabelledImages, "y">> {
  const collector = new Collector();
  for (const path of paths) collector.add(decodePicture(await readBytes(path), path), path);
  return collector.finish();
}

interface First {
  readonly path: string;
  readonly picture: Omit<Picture, "pixels">;
}

/** What pictures of the test part must be like. */
function like({ imageShape }: LabelledImages): First {
  const [height = 0, width = 0, channels = 1] = imageShape;
  return { path: "the training pictures", picture: { height, width, channels: channels === 3 ? 3 : 1 } };
}

/** Puts pictures behind each other; each must be like the first. */
class Collector {
  readonly #pixels: Uint8Array[] = [];
  #first: First | undefined;

  constructor(first?: First) {
    this.#first = first;
  }

  get count(): number {
    return this.#pixels.length;
  }

  add(picture: Picture, path: string): void {
    this.#first ??= { path, picture };
    const first = this.#first;
    const differs = (["width", "height", "channels"] as const).some(
      (key) => picture[key] !== first.picture[key],
    );
    if (differs) {
      const message = `${path}: is ${describe(picture)}, but ${first.path} ${describe(first.picture)}; all must be alike`;
      throw new FormatError("picture/mismatch", message, { file: path });
    }
    this.#pixels.push(picture.pixels);
  }

  finish(): Omit<LabelledImages, "y"> {
    const { width, height, channels } = this.#first!.picture;
    const imageShape = channels === 1 ? [height, width] : [height, width, channels];
    const elements = product(imageShape);
    const x = new Uint8Array(this.count * elements);
    this.#pixels.forEach((pixels, i) => {
      x.set(pixels, i * elements);
    });
    return { x, count: this.count, imageShape };
  }
}

const describe = ({ width, height, channels }: Omit<Picture, "pixels">): string =>
  `${width}×${height} ${channels === 1 ? "grey" : "colour"}`;

async function readClasses(
  folder: string,
  classNames: readonly string[],
  first?: First,
): Promise<LabelledImages> {
  const collector = new Collector(first);
  const labels: number[] = [];
  for (const [label, name] of classNames.entries()) {
    const path = join(folder, name);
    const files = await entriesOf(path);
    if (files.length === 0) {
      const message = `${path}: there is no picture of this class; put some in or remove the folder`;
      throw new ConfigError("config/class-folder", message, { file: path });
    }
    for (const file of files) {
      const picture = join(path, file.name);
      if (file.isDirectory()) {
        const message = `${picture}: is a folder; expected pictures in the folder of a class`;
        throw new ConfigError("config/class-folder", message, { file: picture });
      }
      collector.add(decodePicture(await readBytes(picture), picture), picture);
      labels.push(label);
    }
  }
  return { ...collector.finish(), y: Uint8Array.from(labels) };
}

/** A fifth of each class to test with. */
function divide(all: LabelledImages): { train: LabelledImages; test: LabelledImages } {
  const split = trainTestSplit(all.count, { testFraction: TEST_FRACTION, seed: SPLIT_SEED, labels: all.y });
  const part = (rows: Uint32Array): LabelledImages => ({
    x: takeRows(all.x, product(all.imageShape), rows),
    y: takeRows(all.y, 1, rows),
    count: rows.length,
    imageShape: all.imageShape,
  });
  return { train: part(split.train), test: part(split.test) };
}

function checkClasses(folder: string, names: readonly string[]): readonly string[] {
  if (names.length >= 2 && names.length <= MAX_CLASSES) return names;
  const message = `${folder}: expected 2 to ${MAX_CLASSES} folders, one for each class, got ${names.length}`;
  throw new ConfigError("config/data-folder", message, { file: folder });
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    // Files that desktops leave behind.
    const seen = entries.filter(
      ({ name }) => !name.startsWith(".") && name !== "Thumbs.db" && name !== "desktop.ini",
    );
    return seen.sort((a, b) => byName(a.name, b.name));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "ENOTDIR" ? "is not a folder" : "no such folder";
    throw new ConfigError("config/data-folder", `${folder}: ${why}`, { file: folder }, { cause });
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Whole numbers by value, and before all other names; these by their code units, in every locale the same. */
function byName(a: string, b: string): number {
  const numbers = [a, b].map((name) => (/^\d+$/.test(name) ? Number(name) : Number.POSITIVE_INFINITY));
  if (numbers[0] !== numbers[1]) return numbers[0]! - numbers[1]!;
  return a < b ? -1 : a > b ? 1 : 0;
}
