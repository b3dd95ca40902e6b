// IDX files: what is written is read, and each kind of damage has its own error that names the file.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gunzip, isGzip, pairIdx, parseIdx, writeIdx } from "../../src/data/idx.ts";
import { FormatError } from "../../src/errors.ts";

const pixels = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
const images = writeIdx([2, 3, 4], pixels);

function code(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).fields.file).toBe("train-images");
    return (error as FormatError).code;
  }
  return "ok";
}

test("dimensions and bytes come back", () => {
  expect(parseIdx(images)).toEqual({ dims: [2, 3, 4], data: pixels });
});

test("a view into a larger buffer is read at its own offset", () => {
  const larger = new Uint8Array(images.length + 5);
  larger.set(images, 5);
  expect(parseIdx(larger.subarray(5)).data).toEqual(pixels);
});

test("from Node's Buffer comes a plain view", () => {
  const { data } = parseIdx(Buffer.from(images));
  expect(data.constructor).toBe(Uint8Array);
  expect(data).toEqual(pixels);
});

test("cut short at every byte", () => {
  for (let length = 0; length < images.length; length++) {
    expect(code(() => parseIdx(images.subarray(0, length), "train-images"))).toBe("idx/truncated");
  }
});

test.each<[string, number[], string]>([
  ["text", [...Buffer.from("<html>")], "idx/magic"],
  ["gzip not opened", [0x1f, 0x8b, 8, 0, 0, 0], "idx/magic"],
  ["rank 0", [0, 0, 8, 0], "idx/magic"],
  ["floats", [0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0], "idx/dtype"],
  ["a byte left over", [0, 0, 8, 1, 0, 0, 0, 1, 7, 7], "idx/trailing-bytes"],
  ["dimensions beyond 2^53", [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255, 1], "idx/truncated"],
])("%s", (_, bytes, expected) => {
  expect(code(() => parseIdx(Uint8Array.from(bytes), "train-images"))).toBe(expected);
});

describe("pairs", () => {
  const names = { images: "train-images", labels: "train-images" };
  const labels = parseIdx(writeIdx([2], Uint8Array.of(7, 9)));

  test("images with their labels", () => {
    const pair = pairIdx(parseIdx(images), labels);
    expect(pair).toEqual({ x: pixels, y: Uint8Array.of(7, 9), count: 2, imageShape: [3, 4] });
  });

  test("counts that differ", () => {
    const three = parseIdx(writeIdx([3], Uint8Array.of(1, 2, 3)));
    expect(code(() => pairIdx(parseIdx(images), three, names))).toBe("idx/count-mismatch");
    expect(() => pairIdx(parseIdx(images), three)).toThrow(/holds 3 labels for the 2 images/);
  });

  test("images and labels swapped", () => {
    expect(code(() => pairIdx(labels, parseIdx(images), names))).toBe("idx/rank");
    expect(code(() => pairIdx(parseIdx(images), parseIdx(images), names))).toBe("idx/rank");
  });
});

describe("gzip", () => {
  const packed = new Uint8Array(gzipSync(images));

  test("opens", async () => {
    expect([isGzip(packed), isGzip(images)]).toEqual([true, false]);
    expect(await gunzip(packed)).toEqual(images);
  });

  test.each<[string, Uint8Array]>([
    ["cut short", packed.subarray(0, -3)],
    ["not gzip", images],
    ["empty", new Uint8Array(0)],
    ["damaged", packed.map((byte, at) => (at === packed.length - 6 ? byte ^ 255 : byte))],
  ])("%s is refused with the file's name", async (_, bytes) => {
    await expect(gunzip(bytes, "labels.gz")).rejects.toThrow(/^labels\.gz: is not a (whole )?gzip file/);
    await expect(gunzip(bytes, "labels.gz")).rejects.toBeInstanceOf(FormatError);
  });

  test("a bomb stops at the limit", async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(10_000_000)));
    await expect(gunzip(bomb, "bomb.gz", 1_000_000)).rejects.toMatchObject({ code: "idx/too-large" });
  });
});
