/**
 * Convolution with four images as the lanes of a vector, for layers with too few channels to fill them.
 * Place: called by conv.ts; pixels.ts computes images of one channel, direct.ts what a batch has beyond fours. Invariant: the
 * order of each sum is that of plain.ts, so the bits are those of direct.ts, whatever the batch.
 *
 *   Work → ┌ bias [columns][4 equal] ┬ weights [groups of columns][KH][KW][depth][2 or 3][4 equal] ┬ images [height][depth][width][4] ┐
 *
 * Glossary: depth: channels that are read; columns: channels that are written. Stride, dilation and groups are 1, columns
 * at least 2, rows of the result at least 3 pixels wide.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convDirect } from "./direct";
import { interleavePlanes } from "./interleave";
import { packColumns } from "./lane-columns";
import { lanesTiles } from "./lanes-tile";
import { maskPositive } from "./pack";
import { convPixels } from "./pixels";

// see ConvField: Conv2d, or Conv2dInputGrad if backward
export function convLanes(pc: usize, backward: bool): void {
  const images = Record.u32(pc, ConvField.N);
  if (!backward && Record.u32(pc, ConvField.C) === 1 && Record.u32(pc, ConvField.OW) >= 12) {
    convPixels(pc);
    return;
  }
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
  const wRow = (kernelW * depth) << 4;
  const wColumn = wRow * kernelH;
  const image = weights + wColumn * columns;
  const plane = (<usize>paddedWidth) << 4;
  const rowStep = plane * depth;
  packColumns(pc, bias, weights, kernelH * kernelW, depth, columns, backward);
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
    interleavePlanes(image + rowStep * top + (left << 4), plane, input, inputBytes, rows, width, depth);
    for (let y: u32 = 0; y < outRows; ++y) {
      // Rows and columns of the kernel that read zeros only are left out: the sum starts at +0, and adding ±0 keeps it.
      const firstY = y < top ? top - y : 0;
      const endY = min(kernelH, rows + top - y);
      const line = image + rowStep * (y + firstY);
      for (let x: u32 = 0; x < outWidth; x += 3) {
        // A rest of less than 3 pixels overlaps: the same bits are written twice.
        x = min(x, outWidth - 3);
        const firstX = x + 2 < left ? left - x - 2 : 0;
        const endX = min(kernelW, width + left - x);
        const taps = endX - firstX;
        const a = line + ((x + firstX) << 4);
        const c = out + (y * outWidth + x) * outPixel;
        const outer = single ? 1 : taps;
        const inner = single ? taps : depth;
        // biome-ignore format: one call
        lanesTiles(
          columns, c, outBytes, outPixel, a, endY - firstY, rowStep, outer, outerStep, inner, innerStep,
          weights, wRow, wColumn, firstY * wRow + ((firstX * depth) << 4), bias, bound,
        );
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
