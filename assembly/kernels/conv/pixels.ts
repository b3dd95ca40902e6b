/**
 * Convolution of images of one channel, whose neighbouring pixels are the lanes of a vector without any copy.
 * Place: called by lanes.ts for rows of 12 pixels or more in the result. Invariant: the bits of plain.ts.
 *
 *   Work → ┌ bias [columns][4 equal] ┬ weights [groups of columns][KH][KW][2 or 3][4 equal] ┬ padded image, if it is not as given ┐
 *
 * Glossary: columns: channels that are written. Stride, dilation and groups are 1, columns at least 2.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { packColumns } from "./lane-columns";
import { Padded } from "./pack";
import { pixelsTiles } from "./pixels-tile";

// see ConvField: Conv2d
export function convPixels(pc: usize): void {
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const rows = Record.u32(pc, ConvField.H);
  const width = Record.u32(pc, ConvField.W);
  const outRows = Record.u32(pc, ConvField.OH);
  const outWidth = Record.u32(pc, ConvField.OW);
  const columns = Record.u32(pc, ConvField.F);
  const top = Record.u32(pc, ConvField.PadTop);
  const left = Record.u32(pc, ConvField.PadLeft);
  const height = outRows + kernelH - 1;
  const paddedWidth = outWidth + kernelW - 1;
  const inside = !top && !left && height <= rows && paddedWidth <= width;
  const bias = Record.ptr(pc, ConvField.Work);
  const weights = bias + (columns << 4);
  const wColumn = (kernelH * kernelW) << 4;
  const padded = weights + wColumn * columns;
  packColumns(pc, false);
  const line = (inside ? width : paddedWidth) << 2;
  if (!inside) memory.fill(padded, 0, height * line);
  const bound: f32 = Record.u32(pc, ConvField.Relu) ? 0 : -Infinity;
  const pixel = columns << 2;
  let input = Record.ptr(pc, ConvField.A);
  let out = Record.ptr(pc, ConvField.Out);
  for (let n = Record.u32(pc, ConvField.N); n; --n) {
    if (!inside) Padded.copy(padded, height, paddedWidth, input, rows, width, 4, 1, 1, top, left);
    let a = inside ? input : padded;
    for (let y: u32 = 0; y < outRows; ++y) {
      for (let x: u32 = 0; x < outWidth; x += 12) {
        // A rest of less than 12 pixels overlaps: the same bits are written twice.
        x = min(x, outWidth - 12);
        const c = out + x * pixel;
        pixelsTiles(columns, c, pixel, a + (x << 2), kernelH, line, kernelW, weights, wColumn, bias, bound);
      }
      out += outWidth * pixel;
      a += line;
    }
    input += (rows * width) << 2;
  }
}
