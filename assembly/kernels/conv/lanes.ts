/**
 * Convolution with four images as the lanes of a vector, for layers with too few channels to fill them. Twelve images at a time need no
 * tiles of neighbouring pixels, which multiply zeros where their windows reach over the border by different taps.
 * Place: called by conv.ts; pixels.ts computes images of one channel, direct.ts what a batch has beyond fours. Invariant: the
 * order of each sum is that of plain.ts, so the bits are those of direct.ts, whatever the batch.
 *
 *   Work → ┌ bias [columns][4 equal] ┬ weights [groups of columns][KH][KW][depth][2 or 3][4 equal] ┬ images ┐
 *   images: [height][depth][width][4], or of twelve [height][width][depth][3][4]
 *
 * Glossary: depth: channels that are read; columns: channels that are written. Stride, dilation and groups are 1, columns
 * at least 2, rows of the result at least 3 pixels wide.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convDirect } from "./direct";
import { interleavePlanes } from "./interleave";
import { columnsOf, packColumns } from "./lane-columns";
import { lanesTileOf } from "./lanes-tile";
import { maskPositive } from "./pack";
import { convPixels } from "./pixels";

// Twelve images are interleaved where an image, padded, has no more floats: they stay in L2 then. As in convWorkBytes.
const DOZEN_FLOATS: u32 = 10000;

// see ConvField: Conv2d, or Conv2dInputGrad if backward
export function convLanes(pc: usize, backward: bool): void {
  const images = Record.u32(pc, ConvField.N);
  if (!backward && Record.u32(pc, ConvField.C) === 1 && Record.u32(pc, ConvField.OW) >= 12) {
    convPixels(pc);
    return;
  }
  const height = Record.u32(pc, backward ? ConvField.H : ConvField.OH) + Record.u32(pc, ConvField.KH) - 1;
  const width = Record.u32(pc, backward ? ConvField.W : ConvField.OW) + Record.u32(pc, ConvField.KW) - 1;
  const depth = Record.u32(pc, backward ? ConvField.F : ConvField.C);
  const dozens = height * width * depth <= DOZEN_FLOATS ? images - (images % 12) : 0;
  const quads = images & ~3;
  if (quads) packColumns(pc, backward);
  if (dozens) convInterleaved(pc, backward, 0, dozens, 3);
  if (quads > dozens) convInterleaved(pc, backward, dozens, quads, 1);
  if (images > quads) convDirect(pc, backward, quads);
}

// Images first … end − 1, 4·together at a time: tiles of 3 pixels of 4 images, or of one pixel of 12; weights are packed
function convInterleaved(pc: usize, backward: bool, first: u32, end: u32, together: u32): void {
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
  const before = backward ? kernelW - 1 - padLeft : padLeft;
  const paddedWidth = outWidth + kernelW - 1;
  const bias = Record.ptr(pc, ConvField.Work);
  const weights = bias + (columns << 4);
  const wRow = (kernelW * depth) << 4;
  const wColumn = wRow * kernelH;
  const image = weights + wColumn * columns;
  const dozen = together === 3;
  // From pixel to pixel, and from channel to channel of a pixel
  const pitch: u32 = dozen ? 48 * depth : 16;
  const plane: usize = dozen ? 48 : paddedWidth << 4;
  const rowStep = (paddedWidth * depth * together) << 4;
  memory.fill(image, 0, rowStep * (outRows + kernelH - 1));

  const inputBytes = (rows * width * depth) << 2;
  const outPixel = columns << 2;
  const outBytes = outRows * outWidth * outPixel;
  const bound: f32 = Record.u32(pc, ConvField.Relu) ? 0 : -Infinity;
  let input = Record.ptr(pc, ConvField.A) + first * inputBytes;
  let out = Record.ptr(pc, ConvField.Out) + first * outBytes;
  let mask = Record.ptr(pc, ConvField.Mask);
  if (mask) mask += first * outBytes;
  const pixels: u32 = dozen ? 1 : 3;
  const vectorStep = dozen ? outBytes << 2 : outPixel;
  for (let n = first; n < end; n += together << 2) {
    for (let q: u32 = 0; q < together; ++q) {
      const to = image + rowStep * top + before * pitch + (q << 4);
      interleavePlanes(to, rowStep, pitch, plane, input, inputBytes, rows, width, depth);
      input += inputBytes << 2;
    }
    for (let y: u32 = 0; y < outRows; ++y) {
      // Rows and columns of the kernel that read zeros only are left out: the sum starts at +0, and adding ±0 keeps it.
      const firstY = y < top ? top - y : 0;
      const endY = min(kernelH, rows + top - y);
      const line = image + rowStep * (y + firstY);
      let c = out + y * outWidth * outPixel;
      let w = weights;
      let biases = bias;
      let left = columns;
      while (left) {
        const few = columnsOf(left);
        const wLine = w + firstY * wRow * few;
        for (let x: u32 = 0; x < outWidth; x += pixels) {
          // A rest of less than 3 pixels overlaps: the same bits are written twice.
          x = min(x, outWidth - pixels);
          const last = x + pixels - 1;
          const firstX = last < before ? before - last : 0;
          const taps = min(kernelW, width + before - x) - firstX;
          const outer = dozen ? 1 : taps;
          const inner = dozen ? taps * depth : depth;
          // biome-ignore format: one call
          lanesTileOf(
            few, c + x * outPixel, outBytes, vectorStep, line + (x + firstX) * pitch, endY - firstY, rowStep, outer, pitch, inner, plane,
            wLine + ((firstX * depth * few) << 4), wRow * few, biases, bound,
          );
        }
        c += few << 2;
        w += wColumn * few;
        biases += few << 4;
        left -= few;
      }
    }
    if (mask) {
      maskPositive(out, mask, outBytes * together);
      mask += (outBytes << 2) * together;
    }
    out += (outBytes << 2) * together;
  }
}
