/**
 * Gradient of a convolution's weights with four images as lanes, for layers with too few channels to fill a vector.
 * Place: called by conv-weight-grad.ts for groups and x dilation of 1; batches of less than 4 images are direct-weight-grad.ts's.
 * Invariant: lane i of an element is one sum over (n = i mod 4, oy, ox) ascending; the lanes are added last, as Lanes.sum does.
 *
 *   Work → ┌ sums [pairs][KH][run to 4][2] ┬ image [strip's rows][width][C] ┬ 3 ┬ dy [pairs][strip][OW][2] ┬ zeros ┐   vectors
 *
 * Glossary: run: the KW · C neighbours that a row of the kernel reads; pairs: of dy's channels, the last one padded with zeros.
 */
import { ConvField } from "../../../src/abi-image";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { laneTiles } from "./depth-tiles";
import { interleave, interleavePairs } from "./interleave";

// What a strip of image and one pair of dy take of L1; as in convWorkBytes.
const STRIP_BYTES: u32 = 20000;

// dw = Σ x·dy   see ConvField; overwrites dw
export function convWeightGradLanes(pc: usize): void {
  const channels = Record.u32(pc, ConvField.C);
  const features = Record.u32(pc, ConvField.F);
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const strideY = Record.u32(pc, ConvField.StrideY);
  const strideX = Record.u32(pc, ConvField.StrideX);
  const dilationY = Record.u32(pc, ConvField.DilationY);
  const rows = Record.u32(pc, ConvField.H);
  const width = Record.u32(pc, ConvField.W);
  const outRows = Record.u32(pc, ConvField.OH);
  const outWidth = Record.u32(pc, ConvField.OW);
  const top = Record.u32(pc, ConvField.PadTop);
  const left = Record.u32(pc, ConvField.PadLeft);
  const spanY = (kernelH - 1) * dilationY;
  const paddedWidth = (outWidth - 1) * strideX + kernelW;
  const run = kernelW * channels;
  const pairs = (features + 1) >> 1;

  const sums = Record.ptr(pc, ConvField.Work);
  const rowSums = ((run + 3) & ~3) << 5;
  const pairSums = rowSums * kernelH;
  const image = sums + pairSums * pairs;
  const pixel = channels << 4;
  const line = paddedWidth * pixel;
  const dyLine = outWidth << 5;
  const fit = max<u32>(STRIP_BYTES / (strideY * line + dyLine), 1);
  const strips = (outRows + fit - 1) / fit;
  const strip = (outRows + strips - 1) / strips;
  const stripRows = (strip - 1) * strideY + spanY + 1;
  const dyOf = image + stripRows * line + 48;
  const dyPair = strip * dyLine;
  // Absent images, of a batch that is no multiple of 4, are read here.
  const zeros = dyOf + dyPair * pairs;
  memory.fill(sums, 0, pairSums * pairs);
  memory.fill(image, 0, stripRows * line);
  memory.fill(zeros, 0, max(width * channels, outWidth * features) << 2);

  const inside = min(width, paddedWidth - left) * channels;
  const rowBytes = (width * channels) << 2;
  const dyRowBytes = (outWidth * features) << 2;
  const imageBytes = rows * rowBytes;
  const dyBytes = outRows * dyRowBytes;
  const images = Record.u32(pc, ConvField.N);
  let input = Record.ptr(pc, ConvField.A);
  let dy = Record.ptr(pc, ConvField.B);
  for (let n: u32 = 0; n < images; n += 4) {
    const present = images - n;
    for (let y: u32 = 0; y < outRows; y += strip) {
      const count = min(outRows - y, strip);
      let to = image;
      for (let i = (count - 1) * strideY + spanY + 1, row = y * strideY - top; i; --i) {
        if (row < rows) {
          const p0 = input + row * rowBytes;
          const p1 = present > 1 ? p0 + imageBytes : zeros;
          const p2 = present > 2 ? p0 + imageBytes * 2 : zeros;
          const p3 = present > 3 ? p0 + imageBytes * 3 : zeros;
          interleave(to + left * pixel, p0, p1, p2, p3, inside);
        } else memory.fill(to, 0, line);
        to += line;
        ++row;
      }
      to = dyOf;
      for (let i: u32 = 0; i < count; ++i) {
        const p0 = dy + (y + i) * dyRowBytes;
        const p1 = present > 1 ? p0 + dyBytes : zeros;
        const p2 = present > 2 ? p0 + dyBytes * 2 : zeros;
        const p3 = present > 3 ? p0 + dyBytes * 3 : zeros;
        interleavePairs(to, dyPair, p0, p1, p2, p3, outWidth, features);
        to += dyLine;
      }
      let c = sums;
      let b = dyOf;
      for (let j = pairs; j; --j) {
        let a = image;
        for (let ky = kernelH; ky; --ky) {
          laneTiles(c, run, a, strideY * line, strideX * pixel, b, count, outWidth);
          c += rowSums;
          a += dilationY * line;
        }
        b += dyPair;
      }
    }
    input += imageBytes << 2;
    dy += dyBytes << 2;
  }

  let dw = Record.ptr(pc, ConvField.Out);
  for (let ky: u32 = 0; ky < kernelH; ++ky) {
    for (let r: u32 = 0; r < run; ++r) {
      const c = sums + ky * rowSums + (r << 5);
      for (let f: u32 = 0; f < features; ++f) {
        store<f32>(dw, Lanes.sum(v128.load(c + (f >> 1) * pairSums + ((f & 1) << 4))));
        dw += 4;
      }
    }
  }
}
