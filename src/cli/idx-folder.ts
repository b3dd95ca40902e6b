// Reads a folder of MNIST-style IDX files from disk: training and test images with their labels, gzipped or not.
// Place: command line only (Node's file system); the parsing is data/idx.ts.
// Invariant: every failure is a typed error that names the folder or the file.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzip, isGzip, type LabelledImages, pairIdx, parseIdx } from "../data/idx.ts";
import { ConfigError, FormatError } from "../errors.ts";

/** The two parts of an MNIST-style folder. */
export interface IdxFolder {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/** "train-images-idx3-ubyte.gz", "train-first20k-labels-idx1-ubyte", "t10k-images.idx3-ubyte", "test-labels-…". */
const FILE_NAME = /^(train|t10k|test)(?:-[\w-]+)??-(images|labels)(?:[-.]idx\d-ubyte)?(\.gz)?$/;

/** True for the name of such a file. */
export const isIdxName = (name: string): boolean => FILE_NAME.test(name);

/**
 * Reads all four files of a folder such as MNIST or Fashion-MNIST.
 * @throws ConfigError when the folder or one of its files is missing or stands there twice, FormatError when a file is
 * damaged, images and labels differ in number, or training and test images in shape.
 */
export async function readIdxFolder(folder: string): Promise<IdxFolder> {
  const files = await listIdxFiles(folder);
  const [train, test] = [await readPair(folder, files, "train"), await readPair(folder, files, "test")];
  if (String(train.imageShape) !== String(test.imageShape)) {
    const message = `${folder}: training images are [${train.imageShape}], test images [${test.imageShape}]`;
    throw new FormatError("idx/shape-mismatch", message, { file: folder });
  }
  return { train, test };
}

/** Reads the test half only: what `predict` needs. */
export async function readIdxTestSet(folder: string): Promise<LabelledImages> {
  return readPair(folder, await listIdxFiles(folder), "test");
}

type Part = "train" | "test";

/** File names by "part kind"; of a file and its gzip the plain one is taken. */
async function listIdxFiles(folder: string): Promise<Map<string, string>> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "ENOTDIR" ? "is not a folder" : "no such folder";
    throw new ConfigError("config/data-folder", `${folder}: ${why}`, { file: folder }, { cause });
  }
  const files = new Map<string, string>();
  // Sorted, a plain file comes before its own gzip.
  for (const name of names.sort()) {
    const match = FILE_NAME.exec(name);
    if (!match) continue;
    const key = `${match[1] === "train" ? "train" : "test"} ${match[2]}`;
    const taken = files.get(key);
    if (taken === undefined) files.set(key, name);
    else if (name !== `${taken}.gz`) {
      const message = `${folder}: both ${taken} and ${name} hold ${key}; keep one of them in the folder`;
      throw new ConfigError("config/data-file", message, { file: join(folder, name) });
    }
  }
  return files;
}

async function readPair(
  folder: string,
  files: ReadonlyMap<string, string>,
  part: Part,
): Promise<LabelledImages> {
  const [images, labels] = (["images", "labels"] as const).map((kind) => {
    const name = files.get(`${part} ${kind}`);
    if (name) return join(folder, name);
    const example = `${part === "train" ? "train" : "t10k"}-${kind}-idx${kind === "images" ? 3 : 1}-ubyte`;
    const message = `${folder}: no ${part} ${kind} here; expected a file such as ${example} or ${example}.gz`;
    throw new ConfigError("config/data-file", message, { file: join(folder, example) });
  }) as [string, string];
  return pairIdx(await readIdxFile(images), await readIdxFile(labels), { images, labels });
}

async function readIdxFile(path: string) {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const message = `${path}: cannot be read (${(cause as NodeJS.ErrnoException).code})`;
    throw new ConfigError("config/data-file", message, { file: path }, { cause });
  }
  return parseIdx(isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}
