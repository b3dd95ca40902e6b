// Folders of pictures on the command line: every kind of PNG and JPEG, and one clear error for each thing that can be wrong.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { encode as encodeJpeg } from "jpeg-js";
import { PNG } from "pngjs";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bundleProgram } from "../../scripts/run.mjs";
import { decodePicture } from "../../src/cli/decode-picture.ts";
import { isPictureFolder, readPictureFolder } from "../../src/cli/picture-folder.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";
import { ConfigError, FormatError } from "../../src/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgegrad-pictures-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

type Pixel = (x: number, y: number) => readonly [number, number, number, number?];

function png(width: number, height: number, pixel: Pixel, options: object = {}): Uint8Array {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) {
    const [r, g, b, a = 255] = pixel(i % width, Math.floor(i / width));
    image.data.set([r, g, b, a], 4 * i);
  }
  return PNG.sync.write(image, { colorType: 2, inputColorType: 6, ...options });
}

const grey = (value: (x: number, y: number) => number): Pixel => {
  return (x, y) => [value(x, y), value(x, y), value(x, y)];
};
const greyPng = (width: number, height: number, value: (x: number, y: number) => number): Uint8Array =>
  png(width, height, grey(value), { colorType: 0 });

function jpeg(width: number, height: number, pixel: Pixel): Uint8Array {
  const data = png(width, height, pixel);
  return encodeJpeg({ width, height, data: PNG.sync.read(Buffer.from(data)).data }, 95).data;
}

/** A PNG written chunk by chunk, for the forms that no encoder at hand writes. */
function rawPng(
  width: number,
  height: number,
  depth: number,
  type: number,
  lines: Buffer,
  palette?: Buffer,
): Uint8Array {
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    ...(palette ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", deflateSync(lines)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const put = (path: string, bytes: Uint8Array): string => {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, bytes);
  return full;
};

describe("decodePicture", () => {
  const colours: Pixel = (x, y) => [x * 40, y * 50, 7 * (x + y)];

  test("RGB, and RGBA that hides nothing", () => {
    for (const colorType of [2, 6]) {
      const { width, height, channels, pixels } = decodePicture(png(3, 2, colours, { colorType }), "a.png");
      expect([width, height, channels]).toEqual([3, 2, 3]);
      expect([...pixels.subarray(0, 6)]).toEqual([0, 0, 0, 40, 0, 7]);
      expect([...pixels.subarray(9, 12)]).toEqual([0, 50, 7]);
    }
  });

  test("grey is one channel", () => {
    const picture = decodePicture(
      greyPng(3, 2, (x, y) => 10 * x + y),
      "a.png",
    );
    expect(picture.channels).toBe(1);
    expect([...picture.pixels]).toEqual([0, 10, 20, 1, 11, 21]);
  });

  test("palettes and depths under 8 bits", () => {
    // 0 and 1 bits of one line: palette entries, or black and white
    const line = Buffer.from([0, 0b01000000]);
    const palette = Buffer.from([9, 8, 7, 200, 100, 50]);
    const coloured = rawPng(2, 1, 1, 3, line, palette);
    expect(decodePicture(coloured, "p.png")).toMatchObject({
      channels: 3,
      pixels: Uint8Array.of(9, 8, 7, 200, 100, 50),
    });
    expect(decodePicture(rawPng(2, 1, 1, 0, line), "g.png")).toMatchObject({
      channels: 1,
      pixels: Uint8Array.of(0, 255),
    });
    const four = rawPng(2, 1, 4, 0, Buffer.from([0, 0x3f]));
    expect(decodePicture(four, "g.png").pixels).toEqual(Uint8Array.of(51, 255));
  });

  test("JPEG in colour and in grey", () => {
    const { width, height, channels, pixels } = decodePicture(
      jpeg(16, 8, () => [200, 30, 60]),
      "a.jpg",
    );
    expect([width, height, channels]).toEqual([16, 8, 3]);
    for (let c = 0; c < 3; c++) expect(Math.abs(pixels[c]! - [200, 30, 60][c]!)).toBeLessThan(4);
  });

  test.each([
    ["16 bits", "picture/depth", () => png(2, 2, colours, { bitDepth: 16 })],
    ["transparent", "picture/transparent", () => png(2, 2, () => [1, 2, 3, 100], { colorType: 6 })],
    ["text", "picture/type", () => new TextEncoder().encode("hello")],
    ["nothing", "picture/type", () => new Uint8Array()],
    ["a signature alone", "picture/truncated", () => png(2, 2, colours).subarray(0, 20)],
    ["a JPEG without a frame", "picture/damaged", () => jpeg(8, 8, colours).subarray(0, 20)],
    [
      "a claim of 4 billion pixels",
      "picture/size",
      () => {
        const bytes = Buffer.from(png(2, 2, colours));
        bytes.writeUInt32BE(65_536, 16);
        bytes.writeUInt32BE(65_536, 20);
        return bytes;
      },
    ],
  ] as const)("%s is refused by name", (_, code, make) => {
    expect(() => decodePicture(make(), "bad.png")).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^bad\.png: /) }),
    );
  });

  test("a file cut anywhere is refused", () => {
    const noise: Pixel = (x, y) => [(x * 73 + y * 19) % 256, (x * 31) % 256, (y * 47) % 256];
    for (const whole of [png(9, 9, noise), greyPng(9, 9, (x) => x * 9), jpeg(24, 24, noise)]) {
      // The last twelve bytes of a PNG only say that it has ended.
      for (let length = 0; length < whole.length - 12; length += 7)
        expect(() => decodePicture(whole.subarray(0, length), "cut")).toThrow(FormatError);
    }
  });
});

describe("readPictureFolder", () => {
  test("classes sorted by name, a fifth of each to test, the same rows every time", async () => {
    for (const [label, name] of ["cat", "dog", "eel"].entries())
      for (let i = 0; i < 10; i++)
        put(
          `${name}/${i}.png`,
          greyPng(3, 2, () => 10 * i + label),
        );
    put("README.md", new Uint8Array(3));
    put("cat/.DS_Store", new Uint8Array(3));
    expect(await isPictureFolder(folder)).toBe(true);
    const { train, test: tested, classNames } = await readPictureFolder(folder);
    expect(classNames).toEqual(["cat", "dog", "eel"]);
    expect([train.count, tested.count, train.imageShape]).toEqual([24, 6, [2, 3]]);
    for (const part of [train, tested])
      for (let i = 0; i < part.count; i++) expect(part.x[6 * i]! % 10).toBe(part.y[i]);
    expect([0, 1, 2].map((k) => tested.y.filter((y) => y === k).length)).toEqual([2, 2, 2]);
    expect((await readPictureFolder(folder)).test.x).toEqual(tested.x);
  });

  test("train and test apart, numbers sorted by value, colour", async () => {
    for (const part of ["train", "test"])
      for (const name of ["2", "10"])
        put(
          `${part}/${name}/a.jpg`,
          jpeg(8, 8, () => [Number(name), 90, 9]),
        );
    const { train, test: tested, classNames } = await readPictureFolder(folder);
    expect(classNames).toEqual(["2", "10"]);
    expect([train.count, tested.count, train.imageShape]).toEqual([2, 2, [8, 8, 3]]);
    expect([...train.y, ...tested.y]).toEqual([0, 1, 0, 1]);
  });

  const small = (): Uint8Array => greyPng(2, 2, () => 9);
  const wrong: readonly (readonly [string, string, RegExp, () => unknown])[] = [
    ["an empty class", "config/class-folder", /dog/, () => void mkdirSync(join(folder, "dog"))],
    ["one class only", "config/data-folder", /2 to 256/, () => undefined],
    [
      "another size",
      "picture/mismatch",
      /dog.b\.png.*3×2/,
      () =>
        put(
          "dog/b.png",
          greyPng(3, 2, () => 0),
        ),
    ],
    [
      "colour among grey",
      "picture/mismatch",
      /dog.b\.png.*colour/,
      () =>
        put(
          "dog/b.png",
          png(2, 2, () => [1, 2, 3]),
        ),
    ],
    [
      "16 bits",
      "picture/depth",
      /dog.b\.png/,
      () =>
        put(
          "dog/b.png",
          png(2, 2, () => [1, 1, 1], { bitDepth: 16 }),
        ),
    ],
    ["a cut file", "picture/damaged", /dog.b\.png/, () => put("dog/b.png", small().subarray(0, 45))],
    ["no picture", "picture/type", /dog.notes\.txt/, () => put("dog/notes.txt", new Uint8Array(9))],
    ["a folder in a class", "config/class-folder", /dog.deep/, () => put("dog/deep/a.png", small())],
  ];
  test.each(wrong)("%s is refused by name", async (_, code, message, spoil) => {
    put("cat/a.png", small());
    spoil();
    await expect(readPictureFolder(folder)).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test("folders beside IDX files are none of its business", async () => {
    put("models/a.png", small());
    put("train-images-idx3-ubyte.gz", new Uint8Array(3));
    expect(await isPictureFolder(folder)).toBe(false);
  });

  test("a class that was never trained", async () => {
    for (const path of ["train/a/1.png", "train/b/1.png", "test/c/1.png"]) put(path, small());
    await expect(readPictureFolder(folder)).rejects.toThrow(ConfigError);
  });
});

describe("the command", () => {
  let program: string;
  beforeAll(async () => {
    program = await bundleProgram("src/cli/main.ts");
  });

  const run = (...args: string[]) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const child = spawn(process.execPath, [program, ...args], { cwd: folder });
      let out = "";
      let err = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      child.stderr.on("data", (chunk) => {
        err += chunk;
      });
      child.on("close", (code) => resolve({ code, out, err }));
    });

  const NAMES = ["nought", "one", "two"];

  test("trains on a folder, prints each class, and predicts files by the names of their classes", async () => {
    const digits = drawDigits({ count: 900, seed: 5 });
    const counts = [0, 0, 0];
    for (let i = 0; i < 900; i++) {
      const label = digits.y[i]!;
      if (label > 2 || counts[label]! >= 60) continue;
      const file = `data/${NAMES[label]}/${counts[label]!++}.png`;
      put(
        file,
        greyPng(28, 28, (x, y) => digits.x[i * 784 + y * 28 + x]!),
      );
    }
    expect(counts).toEqual([60, 60, 60]);
    const trained = await run("train", "--data", "data", "--epochs", "8", "--seed", "1");
    expect(trained).toMatchObject({ code: 0, err: "" });
    expect(trained.out).toContain("144 training and 36 test images, 28×28, 3 classes");
    expect(trained.out).toMatch(/nought │ +\d+/);
    const json = await run(
      "predict",
      "--model",
      "model.safetensors",
      "--json",
      "data/two/3.png",
      "data/one/4.png",
    );
    const answers = json.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.map((a) => a.name)).toEqual(["two", "one"]);
    expect(answers[0]).toMatchObject({ file: "data/two/3.png", class: 2 });
    expect(answers[0].probability).toBeGreaterThan(0.5);
    const plain = await run("predict", "--model", "model.safetensors", "data/two/3.png");
    expect(plain.out).toMatch(/^data\/two\/3\.png {2}two {2}\d+\.\d%\n$/);
    const tested = await run("predict", "--model", "model.safetensors", "--data", "data", "--show", "0");
    expect(tested.out).toMatch(/accuracy \d+\.\d+% on 36 images/);
    expect(tested.out).toContain("nought");
  });

  test("trains each architecture on pictures in colour, and refuses pictures of another kind", async () => {
    for (let i = 0; i < 10; i++) {
      put(
        `data/red/${i}.png`,
        png(20, 20, (x) => [200 + i, 40 + x, 40]),
      );
      put(
        `data/blue/${i}.png`,
        png(20, 20, (_, y) => [40, 40 + y, 200 + i]),
      );
    }
    put(
      "grey.png",
      greyPng(20, 60, () => 3),
    );
    for (const model of ["lenet", "smallResNet", "mobileNetTiny"]) {
      const options = ["--data", "data", "--model", model, "--epochs", "12", "--batch-size", "8"];
      const trained = await run("train", ...options, "--learning-rate", "0.01", "--json");
      expect(trained).toMatchObject({ code: 0, err: "" });
      const done = JSON.parse(trained.out.trimEnd().split("\n").at(-1)!);
      expect(done.confusion.flat().reduce((sum: number, n: number) => sum + n, 0)).toBe(4);
      expect(done.classAccuracy).toHaveLength(2);
      if (model === "lenet")
        expect(done.confusion).toEqual([
          [2, 0],
          [0, 2],
        ]);
      // 20·60 grey values are as many as 20·20 of three channels.
      const other = await run("predict", "--model", "model.safetensors", "grey.png");
      expect(other).toMatchObject({ code: 1, err: expect.stringContaining("the model takes [20,20,3]") });
    }
  });

  test("bad pictures end it with one line, and nothing is written", async () => {
    put(
      "data/a/1.png",
      greyPng(4, 4, () => 1),
    );
    put("data/b/1.png", greyPng(4, 4, () => 1).subarray(0, 40));
    const { code, err } = await run("train", "--data", "data");
    expect({ code, err }).toEqual({
      code: 1,
      err: "edgegrad: data/b/1.png: is not a whole PNG file: it is damaged or cut short\n",
    });
    expect(existsSync(join(folder, "model.safetensors"))).toBe(false);
  });
});
