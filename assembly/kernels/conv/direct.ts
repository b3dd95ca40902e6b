/**
 * Convolution over padded images in place, without packing patches: each kernel row is a run of floats of the image.
 * Place: called by conv.ts; the gradient of the input is the same over dy, with the kernel turned and strides filled
 * with zeros. Invariant: the order of the sum is that of plain.ts; padding adds zeros to it.
 *
 * Glossary: depth: products per sum; columns: what is computed per pixel (F, or C in the gradient of the input).
 *
 *   Work → ┌ bias [Groups][columns to 8] ┬ tile [64][8] ┬ weights [Groups][columns / 8][depth][8] ┬ image [height, width, …] ┐
 */
import { ConvField } from "../../../src/abi-image";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { depthwiseRow } from "./depthwise";
import { maskPositive, Padded, packBias, packWeights } from "./pack";
import { rowTilesOf } from "./row-tiles";

// Pixels of a panel that is not 8 columns wide are computed beside the image and then copied, so many at a time.
const CHUNK: u32 = 64;
const CHUNK_BYTES: usize = 2048;

// see ConvField: Conv2d, or Conv2dInputGrad if backward; for images from `first` on
export function convDirect(pc: usize, backward: bool, first: u32): void {
  const groups = Record.u32(pc, ConvField.Groups);
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const strideY = Record.u32(pc, ConvField.StrideY);
  const strideX = Record.u32(pc, ConvField.StrideX);
  const dilationY = Record.u32(pc, ConvField.DilationY);
  const spanY = (kernelH - 1) * dilationY;
  const spanX = (kernelW - 1) * Record.u32(pc, ConvField.DilationX);
  // The image that is read, [rows, columnsOf, depth], and the one that is written.
  const fieldsOf = backward ? ConvField.OH - ConvField.H : 0;
  const rows = Record.u32(pc, ConvField.H + fieldsOf);
  const width = Record.u32(pc, ConvField.W + fieldsOf);
  let outRows = Record.u32(pc, ConvField.OH - fieldsOf);
  let outWidth = Record.u32(pc, ConvField.OW - fieldsOf);
  const readC = Record.u32(pc, backward ? ConvField.F : ConvField.C);
  const writeC = Record.u32(pc, backward ? ConvField.C : ConvField.F);
  const depth = readC / groups;
  const columns = writeC / groups;
  const padTop = Record.u32(pc, ConvField.PadTop);
  const padLeft = Record.u32(pc, ConvField.PadLeft);
  const top: i32 = backward ? spanY - padTop : padTop;
  const left: i32 = backward ? spanX - padLeft : padLeft;
  const stepY = backward ? 1 : strideY;
  const stepX = backward ? 1 : strideX;
  const paddedRows = (outRows - 1) * stepY + spanY + 1;
  let paddedWidth = (outWidth - 1) * stepX + spanX + 1;
  const extent = (rows - 1) * (backward ? strideY : 1) + 1;
  const spread = backward && (strideX > 1 || strideY > 1);
  const fits = top === 0 && left === 0 && !spread && paddedRows <= rows && paddedWidth <= width;
  const inPlace = fits && outWidth >= 4;

  const bias = Record.ptr(pc, ConvField.Work);
  const paddedColumns = (columns + 7) & ~7;
  const tile = bias + ((paddedColumns * groups) << 2);
  const weights = tile + CHUNK_BYTES;
  const panelBytes = (kernelH * kernelW * depth) << 5;
  const groupBytes = panelBytes * (paddedColumns >> 3);
  const image = weights + groupBytes * groups;
  const depthwise = depth === 1 && columns === 1 && (groups & 3) === 0;
  packBias(pc, bias, depthwise ? groups : columns, depthwise ? 1 : groups);
  const groupC = Record.u32(pc, ConvField.C) / groups;
  const features = Record.u32(pc, ConvField.F);
  const tapStep = groupC * features;
  let from = Record.ptr(pc, ConvField.B);
  for (let g: u32 = depthwise ? groups : 0; g < groups; ++g) {
    const depthStep = backward ? 1 : features;
    const columnStep = backward ? features : 1;
    packWeights(
      weights + groupBytes * g,
      from,
      kernelH * kernelW,
      depth,
      columns,
      tapStep,
      depthStep,
      columnStep,
      backward,
    );
    from += (features / groups) << 2;
  }
  let images = Record.u32(pc, ConvField.N) - first;
  const pixel = readC << 2;
  let input = Record.ptr(pc, ConvField.A);
  let out = Record.ptr(pc, ConvField.Out);
  const inputBytes = rows * width * pixel;
  const outPixel = writeC << 2;
  let outBytes = outRows * outWidth * outPixel;
  let mask = Record.ptr(pc, ConvField.Mask);
  input += inputBytes * first;
  out += outBytes * first;
  if (mask) mask += outBytes * first;
  if (inPlace) {
    paddedWidth = width;
    if (inputBytes === outRows * outWidth * pixel && kernelH * kernelW === 1) {
      // One product of all pixels: a kernel of one pixel knows no rows and no images.
      outWidth *= outRows * images;
      outBytes *= images;
      outRows = images = 1;
    }
  } else memory.fill(image, 0, paddedRows * paddedWidth * pixel);

  const whole = groups === 1 && Record.u32(pc, ConvField.DilationX) === 1;
  const runsX: u32 = whole ? 1 : kernelW;
  const run: u32 = whole ? kernelW * depth : depth;
  const yStep = dilationY * paddedWidth * pixel;
  const xStep = Record.u32(pc, ConvField.DilationX) * pixel;
  const bound: f32 = Record.u32(pc, ConvField.Relu) ? 0 : -Infinity;
  const aStep = stepX * pixel;
  for (; images; --images) {
    if (!inPlace) {
      const sy = backward ? strideY : 1;
      const sx = backward ? strideX : 1;
      Padded.copy(image, paddedRows, paddedWidth, input, rows, width, pixel, sy, sx, top, left);
    }
    let line = inPlace ? input : image;
    let outLine = out;
    for (let y: u32 = 0; y < outRows; ++y) {
      // Kernel rows that read zeros only are left out: the sum starts at +0, and adding ±0 keeps it.
      const above = top - <i32>(y * stepY);
      const firstY = above > 0 ? min((above + dilationY - 1) / dilationY, kernelH) : 0;
      const below = above + <i32>extent;
      const endY = below > 0 ? min((below + dilationY - 1) / dilationY, kernelH) : 0;
      const kernelRows = endY > firstY ? endY - firstY : 0;
      let panel = weights + ((firstY * kernelW * depth) << 5);
      let biasOf = bias;
      if (depthwise) {
        // The kernel's taps where they are, turned by reading them backwards.
        const firstTap = firstY * kernelW;
        const tap = from + (backward ? kernelH * kernelW - 1 - firstTap : firstTap) * pixel;
        const toNext = backward ? -pixel : pixel;
        const a = line + firstY * yStep;
        depthwiseRow(
          outLine,
          a,
          aStep,
          outWidth,
          kernelRows,
          yStep,
          kernelW,
          xStep,
          tap,
          toNext,
          groups,
          bias,
          bound,
        );
      }
      for (let g: u32 = depthwise ? groups : 0; g < groups; ++g) {
        const a = line + firstY * yStep + ((g * depth) << 2);
        for (let j: u32 = 0; j < columns; j += 8) {
          const c = outLine + ((g * columns + j) << 2);
          const lanes = min(columns - j, 8);
          if (lanes === 8 && outWidth >= 4) {
            rowTilesOf(
              c,
              outPixel,
              a,
              aStep,
              outWidth,
              kernelRows,
              yStep,
              runsX,
              xStep,
              run,
              panel,
              biasOf,
              bound,
            );
          } else {
            for (let x: u32 = 0; x < outWidth; x += CHUNK) {
              // A row of less than 4 pixels reads on behind it; a rest of less than 4 overlaps.
              if (outWidth >= 4 && outWidth - x < 4) x = outWidth - 4;
              const pixels = min(outWidth - x, CHUNK);
              const p = a + x * aStep;
              const count = max<u32>(pixels, 4);
              rowTilesOf(
                tile,
                32,
                p,
                aStep,
                count,
                kernelRows,
                yStep,
                runsX,
                xStep,
                run,
                panel,
                biasOf,
                bound,
              );
              copyTile(c + x * outPixel, outPixel, tile, pixels, lanes);
            }
          }
          panel += panelBytes;
          biasOf += 32;
        }
      }
      line += stepY * paddedWidth * pixel;
      outLine += outWidth * outPixel;
    }
    if (mask) {
      maskPositive(out, mask, outBytes >> 2);
      mask += outBytes;
    }
    input += inputBytes;
    out += outBytes;
  }
}

// Columns of panels: what lies beside them belongs to the next pixel.
function copyTile(to: usize, step: usize, tile: usize, rows: u32, lanes: u32): void {
  for (; rows; --rows) {
    let left = lanes;
    let p = to;
    let q = tile;
    if (left >= 4) {
      v128.store(p, v128.load(q));
      p += 16;
      q += 16;
      left -= 4;
    }
    if (left === 4) v128.store(p, v128.load(q));
    else if (left) Lanes.storeTail(p, v128.load(q), left);
    to += step;
    tile += 32;
  }
}
