// PNG and JPEG files as bytes of grey or colour, for the command line.
// Place: command line only; the decoders are libraries that its bundle inlines. Browsers decode by themselves: see
// data/decode-image.ts. Invariant: a picture is whole, of 8 bits a channel and without transparency, or a typed error.

import { decode as decodeJpegFile } from "jpeg-js";
import { PNG } from "pngjs";
import { FormatError } from "../errors.ts";

/** A decoded picture: rows of pixels, each of one byte (grey) or three (red, green, blue). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** Refused before anything is unpacked: a small file may claim to be any size. */
const MAX_PIXELS = 50e6;
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function fail(code: string, file: string, message: string, cause?: unknown): never {
  throw new FormatError(`picture/${code}`, `${file}: ${message}`, { file }, { cause });
}

/**
 * Reads a PNG or JPEG file by what it holds, not by its name.
 * @throws FormatError naming the file: no PNG or JPEG, cut short, damaged, too large, another depth, transparent.
 */
export function decodePicture(bytes: Uint8Array, file: string): Picture {
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return decodePng(bytes, file);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, file);
  return fail("type", file, `expected a PNG or JPEG picture, got ${bytes.length} bytes of something else`);
}

/** Colour type 0 and 4 are grey, 2 and 6 RGB, 3 a palette, which counts as colour. */
function decodePng(bytes: Uint8Array, file: string): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) fail("truncated", file, "cut short inside its header");
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, type] = [bytes[24]!, bytes[25]!];
  checkSize(width, height, file);
  if (depth === 16) fail("depth", file, "has 16 bits a channel; convert it to 8");
  let rgba: Uint8Array;
  try {
    rgba = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).data;
  } catch (cause) {
    fail("damaged", file, "is not a whole PNG file: it is damaged or cut short", cause);
  }
  const channels = type === 0 || type === 4 ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  for (let from = 0, to = 0; to < pixels.length; from += 4) {
    if (rgba[from + 3] !== 255) {
      const at = `${(from / 4) % width}, ${Math.floor(from / 4 / width)}`;
      fail("transparent", file, `is transparent at ${at}; save it on a background`);
    }
    for (let c = 0; c < channels; c++) pixels[to++] = rgba[from + c]!;
  }
  return { width, height, channels, pixels };
}

function decodeJpeg(bytes: Uint8Array, file: string): Picture {
  const { depth, width, height, components } = jpegFrame(bytes, file);
  checkSize(width, height, file);
  if (depth !== 8) fail("depth", file, `has ${depth} bits a channel; convert it to 8`);
  if (components !== 1 && components !== 3)
    fail("channels", file, `has ${components} channels; convert it to grey or RGB`);
  let rgb: Uint8Array;
  try {
    const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false } as const;
    rgb = decodeJpegFile(bytes, options).data;
  } catch (cause) {
    fail("damaged", file, "is not a whole JPEG file: it is damaged or cut short", cause);
  }
  if (components === 3) return { width, height, channels: 3, pixels: rgb };
  return {
    width,
    height,
    channels: 1,
    pixels: Uint8Array.from({ length: rgb.length / 3 }, (_, i) => rgb[3 * i]!),
  };
}

/** What the frame header says; it stands before the pixels. */
function jpegFrame(bytes: Uint8Array, file: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff) break;
    // SOF0 … SOF15, among which DHT, JPG and DAC are no frames
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (at + 10 > bytes.length) break;
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { depth: bytes[at + 4]!, height, width, components: bytes[at + 9]! };
    }
    // a fill byte before the marker
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return fail("damaged", file, "is not a whole JPEG file: it has no frame header");
}

function checkSize(width: number, height: number, file: string): void {
  if (width === 0 || height === 0) fail("size", file, `is ${width}×${height} pixels`);
  if (width * height > MAX_PIXELS) {
    fail("size", file, `is ${width}×${height} pixels; more than ${MAX_PIXELS / 1e6} million are refused`);
  }
}
