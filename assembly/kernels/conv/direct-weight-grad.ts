/**
 * Gradient of a convolution's weights over padded images in place: both operands are read where they lie.
 * Place: called by conv-weight-grad.ts. Invariant: each element is one sum over (n, oy, ox) ascending.
 *
 *   Work → ┌ sums [Groups][KH][runs][run to 4][F / Groups to 8] ┬ image [height, width, C] ┐
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { depthTiles } from "./depth-tiles";
import { depthwiseSums } from "./depthwise";
import { copyFloats, Padded } from "./pack";

// What the pixels of a strip take of L1, image and dy together. Of 48 KB (Zen 5): 20 KB cost 1 to 6 points, 60 KB up to 3. A tile reads about half
// of a strip's lines; not measured on 32 KB.
const STRIP_BYTES: u32 = 36864;

// dw = Σ x·dy   see ConvField; overwrites dw
export function convWeightGradDirect(pc: usize): void {
  const groups = Record.u32(pc, ConvField.Groups);
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const strideY = Record.u32(pc, ConvField.StrideY);
  const strideX = Record.u32(pc, ConvField.StrideX);
  const dilationY = Record.u32(pc, ConvField.DilationY);
  const dilationX = Record.u32(pc, ConvField.DilationX);
  const rows = Record.u32(pc, ConvField.H);
  const width = Record.u32(pc, ConvField.W);
  const outRows = Record.u32(pc, ConvField.OH);
  const outWidth = Record.u32(pc, ConvField.OW);
  const top = Record.u32(pc, ConvField.PadTop);
  const left = Record.u32(pc, ConvField.PadLeft);
  const features = Record.u32(pc, ConvField.F);
  const channels = Record.u32(pc, ConvField.C);
  const depth = channels / groups;
  const columns = features / groups;
  const height = (outRows - 1) * strideY + (kernelH - 1) * dilationY + 1;
  let paddedWidth = (outWidth - 1) * strideX + (kernelW - 1) * dilationX + 1;
  const inPlace = (top | left) === 0 && height <= rows && paddedWidth <= width;
  const whole = groups === 1 && dilationX === 1;
  const runs: u32 = whole ? 1 : kernelW;
  const run: u32 = whole ? kernelW * depth : depth;
  const depthwise = depth === 1 && columns === 1 && (groups & 3) === 0;
  const sums = Record.ptr(pc, ConvField.Work);
  const sumStep = ((columns + 7) & ~7) << 2;
  const paddedRun: u32 = (run + 3) & ~3;
  const sumBytes = groups * kernelH * runs * paddedRun * sumStep;
  const image = sums + sumBytes;
  const pixel = channels << 2;
  memory.fill(sums, 0, sumBytes);
  if (inPlace) paddedWidth = width;
  else memory.fill(image, 0, height * paddedWidth * pixel);
  const line = paddedWidth * pixel;
  const dyPixel = features << 2;
  const dyLine = outWidth * dyPixel;
  const stripRows: u32 = max<u32>(1, STRIP_BYTES / (strideY * line + dyLine));
  let input = Record.ptr(pc, ConvField.A);
  let dy = Record.ptr(pc, ConvField.B);
  for (let n = Record.u32(pc, ConvField.N); n; --n) {
    if (!inPlace) Padded.copy(image, height, paddedWidth, input, rows, width, pixel, 1, 1, top, left);
    const base = inPlace ? input : image;
    for (let y: u32 = 0; y < outRows; y += stripRows) {
      const strip = min(outRows - y, stripRows);
      const b = dy + y * dyLine;
      let c = sums;
      for (let ky: u32 = 0; depthwise && ky < kernelH; ++ky) {
        const tapStep = dilationX * pixel;
        const aRow = strideY * line;
        const aStep = strideX * pixel;
        let a = base + (y * strideY + ky * dilationY) * line;
        for (let left = kernelW; left; ) {
          const taps = min<u32>(left, 3);
          depthwiseSums(c, taps, groups, a, aRow, aStep, tapStep, b, dyLine, dyPixel, strip, outWidth);
          c += pixel * taps;
          a += tapStep * taps;
          left -= taps;
        }
      }
      for (let g: u32 = depthwise ? groups : 0; g < groups; ++g) {
        for (let ky: u32 = 0; ky < kernelH; ++ky) {
          let a = base + (y * strideY + ky * dilationY) * line + ((g * depth) << 2);
          for (let kx: u32 = 0; kx < runs; ++kx) {
            const bOf = b + ((g * columns) << 2);
            const aRow = strideY * line;
            depthTiles(
              c,
              sumStep,
              run,
              columns,
              a,
              aRow,
              strideX * pixel,
              bOf,
              dyLine,
              dyPixel,
              strip,
              outWidth,
            );
            c += sumStep * paddedRun;
            a += dilationX * pixel;
          }
        }
      }
    }
    input += rows * width * pixel;
    dy += outRows * dyLine;
  }
  // [Groups][KH · runs][run][columns] to [KH · runs · run][Groups · columns]
  let from = sums;
  if (depthwise) copyFloats(Record.ptr(pc, ConvField.Out), sums, kernelH * kernelW * pixel);
  for (let g: u32 = depthwise ? groups : 0; g < groups; ++g) {
    let to = Record.ptr(pc, ConvField.Out) + ((g * columns) << 2);
    for (let i = kernelH * runs; i; --i) {
      for (let r: u32 = 0; r < paddedRun; ++r) {
        if (r < run) {
          copyFloats(to, from, columns << 2);
          to += dyPixel;
        }
        from += sumStep;
      }
    }
  }
}
