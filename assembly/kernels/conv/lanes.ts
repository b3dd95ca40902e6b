/**
 * Convolution with four images as the lanes of a vector, for layers with too few channels to fill them.
 * Place: called by conv.ts for whole groups of four images; direct.ts computes the rest of the batch. Invariant: the order
 * of each sum is that of plain.ts, so the bits are those of direct.ts, whatever the batch.
 *
 *   Work → ┌ bias [columns][4 equal] ┬ weights [columns / 2][KH][KW][depth][2][4 equal] ┬ images [height][depth][width][4] ┐
 *
 * Glossary: depth: channels that are read; columns: channels that are written. Stride, dilation and groups are 1, columns
 * even, rows of the result at least 4 pixels wide.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convDirect } from "./direct";
import { lanesTile } from "./lanes-tile";
import { maskPositive } from "./pack";

// see ConvField: Conv2d, or Conv2dInputGrad if backward
export function convLanes(pc: usize, backward: bool): void {
  const images = Record.u32(pc, ConvField.N);
  if (images >= 4) convQuads(pc, backward, images >> 2);
  if (images & 3) convDirect(pc, backward, images & ~3);
}

function convQuads(pc: usize, backward: bool, quads: u32): void {
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  // The image that is read, [rows, width, depth], and the one that is written.
  const fieldsOf = backward ? ConvField.OH - ConvField.H : 0;
  const rows = Record.u32(pc, ConvField.H + fieldsOf);
  const width = Record.u32(pc, ConvField.W + fieldsOf);
  const outRows = Record.u32(pc, ConvField.OH - fieldsOf);
  const outWidth = Record.u32(pc, ConvField.OW - fieldsOf);
  const depth = Record.u32(pc, backward ? ConvField.F : ConvField.C);
  const columns = Record.u32(pc, backward ? ConvField.C : ConvField.F);
  const padTop = Record.u32(pc, ConvField.PadTop);
  const padLeft = Record.u32(pc, ConvField.PadLeft);
  const top = backward ? kernelH - 1 - padTop : padTop;
  const left = backward ? kernelW - 1 - padLeft : padLeft;
  const paddedWidth = outWidth + kernelW - 1;
  const bias = Record.ptr(pc, ConvField.Work);
  const weights = bias + (columns << 4);
  const wRow = (kernelW * depth) << 5;
  const wPair = wRow * kernelH;
  const image = weights + wPair * (columns >> 1);
  const plane = (<usize>paddedWidth) << 4;
  const rowStep = plane * depth;
  Spread.bias(bias, Record.ptr(pc, ConvField.Bias), columns);
  Spread.weights(weights, Record.ptr(pc, ConvField.B), kernelH * kernelW, depth, columns, backward);
  memory.fill(image, 0, rowStep * (outRows + kernelH - 1));

  let input = Record.ptr(pc, ConvField.A);
  let out = Record.ptr(pc, ConvField.Out);
  let mask = Record.ptr(pc, ConvField.Mask);
  const inputBytes = (rows * width * depth) << 2;
  const outPixel = columns << 2;
  const outBytes = outRows * outWidth * outPixel;
  const bound: f32 = Record.u32(pc, ConvField.Relu) ? 0 : -Infinity;
  // One channel has no run over channels: its runs are along the row.
  const single = depth === 1;
  const outerStep: usize = 16;
  const innerStep: usize = single ? 16 : plane;
  for (; quads; --quads) {
    interleave(image + rowStep * top + (left << 4), plane, input, inputBytes, rows, width, depth);
    for (let y: u32 = 0; y < outRows; ++y) {
      // Rows and columns of the kernel that read zeros only are left out: the sum starts at +0, and adding ±0 keeps it.
      const firstY = y < top ? top - y : 0;
      const endY = min(kernelH, rows + top - y);
      const line = image + rowStep * (y + firstY);
      for (let x: u32 = 0; x < outWidth; x += 4) {
        // A rest of less than 4 pixels overlaps: the same bits are written twice.
        x = min(x, outWidth - 4);
        const firstX = x + 3 < left ? left - x - 3 : 0;
        const endX = min(kernelW, width + left - x);
        const taps = endX - firstX;
        const a = line + ((x + firstX) << 4);
        let c = out + (y * outWidth + x) * outPixel;
        let w = weights + firstY * wRow + ((firstX * depth) << 5);
        for (let j: u32 = 0; j < columns; j += 2) {
          const outer = single ? 1 : taps;
          const inner = single ? taps : depth;
          const b = bias + (j << 4);
          // biome-ignore format: one call
          lanesTile(
            c, outPixel, outBytes, a, endY - firstY, rowStep, outer, outerStep, inner, innerStep, w, wRow, b, bound,
          );
          c += 8;
          w += wPair;
        }
      }
    }
    if (mask) {
      maskPositive(out, mask, outBytes);
      mask += outBytes << 2;
    }
    input += inputBytes << 2;
    out += outBytes << 2;
  }
}

// to: [rows][depth][plane / 16][4], its rest left alone; from: 4 images [rows, width, depth], imageStep bytes apart
export function interleave(
  to: usize,
  plane: usize,
  from: usize,
  imageStep: usize,
  rows: u32,
  width: u32,
  depth: u32,
): void {
  const second = imageStep;
  const third = imageStep << 1;
  const fourth = third + imageStep;
  for (; rows; --rows) {
    let at = to;
    for (let x = width; x; --x) {
      let p = at;
      for (let d = depth; d; --d) {
        let v = v128.load32_zero(from);
        v = v128.load32_lane(from + second, v, 1);
        v = v128.load32_lane(from + third, v, 2);
        v = v128.load32_lane(from + fourth, v, 3);
        v128.store(p, v);
        from += 4;
        p += plane;
      }
      at += 16;
    }
    to += plane * depth;
  }
}

/** Numbers as vectors of four equal ones. */
class Spread {
  // bias: 0 or the address of `columns` floats
  static bias(to: usize, from: usize, columns: u32): void {
    for (; columns; --columns) {
      v128.store(to, from ? v128.load32_splat(from) : f32x4.splat(0));
      if (from) from += 4;
      to += 16;
    }
  }

  // from: [taps][C][F]; `backward`: the taps in descending order and C as columns
  static weights(to: usize, from: usize, taps: u32, depth: u32, columns: u32, backward: bool): void {
    const depthStep = (backward ? 1 : columns) << 2;
    const columnStep = (backward ? depth : 1) << 2;
    const tapStep = (depth * columns) << 2;
    for (let j: u32 = 0; j < columns; j += 2)
      for (let tap: u32 = 0; tap < taps; ++tap) {
        let p = from + (backward ? taps - 1 - tap : tap) * tapStep + j * columnStep;
        for (let d = depth; d; --d) {
          v128.store(to, v128.load32_splat(p));
          v128.store(to, v128.load32_splat(p + columnStep), 16);
          p += depthStep;
          to += 32;
        }
      }
  }
}
