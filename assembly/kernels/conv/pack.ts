/**
 * Copies that bring a convolution's operands into the form that the register tiles read.
 * Place: below the drivers. Invariant: values are copied bit for bit, and what pads them is 0.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";

// to: [panels of 8 columns][kernelH · kernelW taps][depth][8], lanes beyond `columns` 0; steps of `from` in floats.
// `backward`: the taps in descending order, which turns the kernel by half a turn.
export function packWeights(
  to: usize,
  from: usize,
  taps: u32,
  depth: u32,
  columns: u32,
  tapStep: u32,
  depthStep: u32,
  columnStep: u32,
  backward: bool,
): void {
  for (let j: u32 = 0; j < columns; j += 8) {
    const lanes = min(columns - j, 8);
    for (let tap: u32 = 0; tap < taps; ++tap) {
      let p = from + (((backward ? taps - 1 - tap : tap) * tapStep + j * columnStep) << 2);
      for (let d = depth; d; --d) {
        let q = p;
        for (let i: u32 = 0; i < 8; ++i) {
          store<u32>(to, i < lanes ? load<u32>(q) : 0);
          to += 4;
          q += columnStep << 2;
        }
        p += depthStep << 2;
      }
    }
  }
}

// Bytes are a multiple of 4. V8 leaves WASM for memory.copy, which costs more than a row of an image.
export function copyFloats(to: usize, from: usize, bytes: usize): void {
  const end = to + (bytes & ~15);
  for (; to !== end; to += 16) {
    v128.store(to, v128.load(from));
    from += 16;
  }
  for (bytes &= 15; bytes; bytes -= 4) {
    store<u32>(to, load<u32>(from));
    to += 4;
    from += 4;
  }
}

/** Where the pixels of an image lie among zeros: the geometry of padding, and of the zeros that a stride leaves in dX. */
export class Padded {
  // to: [height, width, pixel bytes] with borders that are 0 already; from: [rows, columns, pixel bytes]. Pixel (y, x) goes
  // to (y·strideY + top, x·strideX + left), unless that is outside.
  static copy(
    to: usize,
    height: u32,
    width: u32,
    from: usize,
    rows: u32,
    columns: u32,
    pixel: u32,
    strideY: u32,
    strideX: u32,
    top: i32,
    left: i32,
  ): void {
    for (let y: u32 = 0; y < rows; ++y) {
      const line = y * strideY + top;
      if (line < height) {
        const start = to + line * width * pixel;
        if (strideX === 1) {
          const first = left < 0 ? -left : 0;
          const last = min(<i32>columns, <i32>width - left);
          if (last > first)
            copyFloats(start + (first + left) * pixel, from + first * pixel, (last - first) * pixel);
        } else {
          for (let x: u32 = 0; x < columns; ++x) {
            const at = x * strideX + left;
            if (at < width) copyFloats(start + at * pixel, from + x * pixel, pixel);
          }
        }
      }
      from += columns * pixel;
    }
  }
}

// out = 0 where mask is not > 0   [count] floats, in place
export function maskPositive(out: usize, mask: usize, count: u32): void {
  const end = out + ((<usize>(count & ~3)) << 2);
  const zero = f32x4.splat(0);
  for (; out < end; out += 16) {
    v128.store(out, v128.and(v128.load(out), f32x4.gt(v128.load(mask), zero)));
    mask += 16;
  }
  for (count &= 3; count; --count) {
    if (!(load<f32>(mask) > 0)) store<f32>(out, 0);
    out += 4;
    mask += 4;
  }
}

// to[columns, rounded up to 8] = bias or 0 of each group, and so a vector of biases for every panel
export function packBias(pc: usize, to: usize, columns: u32, groups: u32): void {
  let bias = Record.ptr(pc, ConvField.Bias);
  const padded = (columns + 7) & ~7;
  for (; groups; --groups) {
    for (let i: u32 = 0; i < padded; ++i) {
      store<f32>(to, bias && i < columns ? load<f32>(bias + (i << 2)) : 0);
      to += 4;
    }
    if (bias) bias += columns << 2;
  }
}
