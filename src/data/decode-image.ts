// Pictures decoded by the platform: browsers, and other hosts with createImageBitmap and OffscreenCanvas.
//
// Place: data preparation in a page or a web worker; the command line decodes with libraries of its own. Invariant: bytes
// of 0 … 255 come out, rows of pixels, whole or as a typed error. (JPEG decoders differ in the last bit between hosts.)

import { ConfigError, FormatError } from "../errors.ts";

/** A decoded picture, [height, width, channels]. */
export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export interface DecodeImageOptions {
  /** 3: red, green, blue (default); 1: grey by ITU-R BT.601. */
  readonly channels?: 1 | 3;
  /** Scales the picture to [height, width]; default its own size. */
  readonly size?: readonly [height: number, width: number];
  /** For messages. */
  readonly name?: string;
}

/**
 * Decodes PNG, JPEG or whatever else the platform reads; what is transparent becomes black.
 *
 * @example
 * const { data } = await decodeImage(await (await fetch(url)).blob(), { channels: 1, size: [28, 28] });
 * predictor.predict(data);
 * @throws ConfigError where the platform decodes no pictures, FormatError for a file that is damaged or no picture
 */
export async function decodeImage(
  file: Blob | Uint8Array,
  { channels = 3, size, name = "picture" }: DecodeImageOptions = {},
): Promise<DecodedImage> {
  if (channels !== 1 && channels !== 3) {
    const message = `decodeImage: channels must be 1 or 3, got ${channels}`;
    throw new ConfigError("config/channels", message, { option: "channels" });
  }
  if (size?.some((length) => !(Number.isInteger(length) && length > 0))) {
    const message = `decodeImage: size must be [height, width] in pixels, got [${size}]`;
    throw new ConfigError("config/size", message, { option: "size" });
  }
  if (typeof createImageBitmap !== "function" || typeof OffscreenCanvas !== "function") {
    const message =
      "decodeImage: this runtime decodes no pictures; decode them where they come from and pass their bytes";
    throw new ConfigError("picture/no-decoder", message);
  }
  const blob = file instanceof Blob ? file : new Blob([file as Uint8Array<ArrayBuffer>]);
  let bitmap: ImageBitmap;
  try {
    // Values as the file has them, not as a screen would show them.
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  } catch (cause) {
    const message = `${name}: is not a whole picture that this browser can decode`;
    throw new FormatError("picture/damaged", message, { file: name }, { cause });
  }
  const [height, width] = size ?? [bitmap.height, bitmap.width];
  const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false })!;
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return {
    height,
    width,
    channels,
    data: withoutAlpha(context.getImageData(0, 0, width, height).data, channels),
  };
}

/** RGBA to RGB, or to grey by whole numbers. */
function withoutAlpha(rgba: ArrayLike<number>, channels: 1 | 3): Uint8Array {
  const data = new Uint8Array((rgba.length / 4) * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const [r, g, b] = [rgba[from]!, rgba[from + 1]!, rgba[from + 2]!];
    // 0.299, 0.587 and 0.114 in 256ths
    if (channels === 1) data[to++] = (77 * r + 150 * g + 29 * b + 128) >> 8;
    else {
      data[to++] = r;
      data[to++] = g;
      data[to++] = b;
    }
  }
  return data;
}
