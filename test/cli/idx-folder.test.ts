// Folders of IDX files: the names in use, gzip or not, and one clear error for each thing that can be wrong.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readIdxFolder, readIdxTestSet } from "../../src/cli/idx-folder.ts";
import { writeIdx } from "../../src/data/idx.ts";
import { ConfigError, FormatError } from "../../src/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgegrad-idx-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const images = (count: number, side = 2) =>
  writeIdx([count, side, side], new Uint8Array(count * side * side).fill(count));
const labels = (count: number) => writeIdx([count], new Uint8Array(count).fill(count));
const put = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);
};

const names: [string, string, string, string][] = [
  ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
  [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
  ],
  [
    "train-first20k-images-idx3-ubyte.gz",
    "train-first20k-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ],
  ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "test-images.idx3-ubyte", "test-labels.idx1-ubyte"],
];

test.each(names)("reads %s", async (trainImages, trainLabels, testImages, testLabels) => {
  put(trainImages, images(3));
  put(trainLabels, labels(3));
  put(testImages, images(2));
  put(testLabels, labels(2));
  put("README.md", labels(1));
  const { train, test } = await readIdxFolder(folder);
  expect([train.count, test.count, train.imageShape]).toEqual([3, 2, [2, 2]]);
  expect([train.x[0], train.y[0], test.x[0], test.y[0]]).toEqual([3, 3, 2, 2]);
  expect((await readIdxTestSet(folder)).count).toBe(2);
});

describe("what can be wrong", () => {
  const [trainImages, trainLabels, testImages, testLabels] = names[0]!;
  beforeEach(() => {
    put(trainImages, images(3));
    put(trainLabels, labels(3));
    put(testImages, images(2));
    put(testLabels, labels(2));
  });

  test("no such folder; a file in its place", async () => {
    await expect(readIdxFolder(join(folder, "nowhere"))).rejects.toThrow(/nowhere: no such folder$/);
    await expect(readIdxFolder(join(folder, trainImages))).rejects.toThrow(/is not a folder$/);
    await expect(readIdxFolder(join(folder, "nowhere"))).rejects.toBeInstanceOf(ConfigError);
  });

  test("a missing file is named with an example", async () => {
    rmSync(join(folder, testLabels));
    await expect(readIdxFolder(folder)).rejects.toThrow(
      /no test labels here; expected a file such as t10k-labels-idx1-ubyte/,
    );
  });

  test("a plain file beside its own gzip is one file; two different ones are refused", async () => {
    put(`${trainImages}.gz`, images(3));
    expect((await readIdxFolder(folder)).train.count).toBe(3);
    put("train-first20k-images-idx3-ubyte", images(3));
    await expect(readIdxFolder(folder)).rejects.toThrow(/both .* and .* hold train images; keep one/);
  });

  test("a file cut short, a gzip cut short", async () => {
    writeFileSync(join(folder, trainImages), images(3).subarray(0, -1));
    await expect(readIdxFolder(folder)).rejects.toThrow(/train-images-idx3-ubyte: cut short/);
    writeFileSync(join(folder, trainImages), gzipSync(images(3)).subarray(0, -4));
    await expect(readIdxFolder(folder)).rejects.toThrow(/train-images-idx3-ubyte: is not a whole gzip file/);
  });

  test("labels that do not match, images of another size", async () => {
    put(trainLabels, labels(4));
    await expect(readIdxFolder(folder)).rejects.toMatchObject({ code: "idx/count-mismatch" });
    put(trainLabels, labels(3));
    put(testImages, images(2, 3));
    await expect(readIdxFolder(folder)).rejects.toBeInstanceOf(FormatError);
  });
});
