/**
 * Winograd convolution F(4×4, 3×3): 36 products per tile of 16 pixels instead of 144.
 * Place: called by conv.ts for kernels of 3×3 with stride 1; the gradient of the input is the same over dy with the
 * kernel turned. Invariant: a tile is computed from its own pixels alone, whatever block it is in.
 *
 *   Work → ┌ bias [columns to 8] ┬ temp ┬ packed kernel [columns / 8][9][depth][8] ┬
 *          ┬ U: 36 × [columns / 8][depth][8] ┬ V: 36 × [BLOCK][depth] ┬ M: 36 × [BLOCK][columns to 8] ┬ image ┐
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { packBias, packWeights } from "./pack";
import { rowTilesOf } from "./row-tiles";
import { BLOCK, fillTiles, PLANE_GAP, TEMP_BYTES } from "./winograd-tiles";
import { transformKernel, transformOutput } from "./winograd-transform";

// see ConvField: Conv2d, or Conv2dInputGrad if backward; C and F multiples of 4
export function convWinograd(pc: usize, backward: bool): void {
  const fieldsOf = backward ? ConvField.OH - ConvField.H : 0;
  const rows = Record.u32(pc, ConvField.H + fieldsOf);
  const width = Record.u32(pc, ConvField.W + fieldsOf);
  const outRows = Record.u32(pc, ConvField.OH - fieldsOf);
  const outWidth = Record.u32(pc, ConvField.OW - fieldsOf);
  const depth = Record.u32(pc, backward ? ConvField.F : ConvField.C);
  const columns = Record.u32(pc, backward ? ConvField.C : ConvField.F);
  const features = Record.u32(pc, ConvField.F);
  const padTop = Record.u32(pc, ConvField.PadTop);
  const padLeft = Record.u32(pc, ConvField.PadLeft);
  const top: i32 = backward ? 2 - padTop : padTop;
  const left: i32 = backward ? 2 - padLeft : padLeft;
  const tilesY = (outRows + 3) >> 2;
  const tilesX = (outWidth + 3) >> 2;
  const paddedColumns = (columns + 7) & ~7;

  const bias = Record.ptr(pc, ConvField.Work);
  const temp = bias + (paddedColumns << 2);
  const packed = temp + TEMP_BYTES;
  const u = packed + 36 * depth * paddedColumns;
  const planeU = ((depth * paddedColumns) << 2) + PLANE_GAP;
  const v = u + 36 * planeU;
  const pitchV = depth << 2;
  const planeV = BLOCK * pitchV + PLANE_GAP;
  const m = v + 36 * planeV;
  const pitchM = paddedColumns << 2;
  const planeM = BLOCK * pitchM + PLANE_GAP;
  const image = m + 36 * planeM;
  packBias(pc, bias, columns, 1);
  memory.fill(image, 0, ((tilesY << 2) + 2) * ((tilesX << 2) + 2) * pitchV);
  const weights = Record.ptr(pc, ConvField.B);
  const tapStep = depth * columns;
  if (backward) packWeights(packed, weights, 9, depth, columns, tapStep, 1, features, true);
  else packWeights(packed, weights, 9, depth, columns, tapStep, features, 1, false);
  transformKernels(u, planeU, packed, depth, paddedColumns, temp);

  const bound: f32 = Record.u32(pc, ConvField.Relu) ? 0 : -Infinity;
  const input = Record.ptr(pc, ConvField.A);
  const tiles = Record.u32(pc, ConvField.N) * tilesY * tilesX;
  for (let first: u32 = 0; first < tiles; first += BLOCK) {
    const count = min(tiles - first, BLOCK);
    fillTiles(
      false,
      v,
      planeV,
      pitchV,
      first,
      count,
      tilesY,
      tilesX,
      input,
      rows,
      width,
      depth,
      top,
      left,
      image,
      temp,
    );
    for (let i: u32 = 0; i < 36; ++i) {
      let b = u + planeU * i;
      const a = v + planeV * i;
      const c = m + planeM * i;
      for (let j: u32 = 0; j < pitchM; j += 32) {
        rowTilesOf(c + j, pitchM, a, pitchV, max(count, 4), 1, 0, 1, 0, depth, b, 0, -Infinity);
        b += depth << 5;
      }
    }
    storeTiles(
      pc,
      m,
      planeM,
      pitchM,
      first,
      count,
      tilesY,
      tilesX,
      outRows,
      outWidth,
      columns,
      bias,
      bound,
      temp,
    );
  }
}

// U = G·g·Gᵀ for every pair of channels, in panels of 8 columns
function transformKernels(
  u: usize,
  planeU: usize,
  packed: usize,
  depth: u32,
  columns: u32,
  temp: usize,
): void {
  const tap = depth << 5;
  for (; columns; columns -= 8) {
    for (let d: u32 = 0; d < tap; d += 16) {
      transformKernel(temp, 48, 16, packed + d, tap * 3, tap, 3);
      transformKernel(u + d, planeU, planeU * 6, temp, 16, 48, 6);
    }
    packed += tap * 9;
    u += tap;
  }
}

// out = max(Aᵀ·M·A + bias, bound), 0 where the mask is not > 0, as far as the image reaches
function storeTiles(
  pc: usize,
  m: usize,
  planeM: usize,
  pitchM: usize,
  first: u32,
  count: u32,
  tilesY: u32,
  tilesX: u32,
  outRows: u32,
  outWidth: u32,
  columns: u32,
  bias: usize,
  bound: f32,
  temp: usize,
): void {
  const pixel = columns << 2;
  const out = Record.ptr(pc, ConvField.Out);
  const mask = Record.ptr(pc, ConvField.Mask);
  const toMask = mask ? mask - out : 0;
  const floor = f32x4.splat(bound);
  const tile = temp + 576;
  const zero = f32x4.splat(0);
  for (; count; --count) {
    const row = first / tilesX;
    const image = row / tilesY;
    const y = (row - image * tilesY) << 2;
    const x = (first - row * tilesX) << 2;
    const height = min(outRows - y, 4);
    const width = min(outWidth - x, 4);
    const to = out + ((image * outRows + y) * outWidth + x) * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      transformOutput(temp, 96, 16, m + c, planeM * 6, planeM, 6);
      transformOutput(tile, 16, 64, temp, 16, 96, 4);
      const b = v128.load(bias + c);
      let from = tile;
      let line = to + c;
      for (let i = height; i; --i) {
        let p = line;
        let q = from;
        for (let j = width; j; --j) {
          let value = f32x4.pmax(f32x4.add(v128.load(q), b), floor);
          if (toMask) value = v128.and(value, f32x4.gt(v128.load(p + toMask), zero));
          v128.store(p, value);
          p += pixel;
          q += 16;
        }
        from += 64;
        line += outWidth * pixel;
      }
    }
    m += pitchM;
    ++first;
  }
}
