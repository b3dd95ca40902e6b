/**
 * Gradient of a 3×3 convolution's weights as the adjoint of Winograd's F(4×4, 3×3): Gᵀ·[Σ (Bᵀ·x·B) ⊙ (A·dy·Aᵀ)]·G.
 * Place: called by conv-weight-grad.ts for kernels of 3×3 with stride 1.
 * Invariant: the sum over tiles is one accumulator in ascending order of (n, tile row, tile column).
 *
 *   Work → ┌ temp ┬ sums: 36 × [C][F to 8] ┬ V: 36 × [BLOCK][C] ┬ D: 36 × [BLOCK][F to 8] ┬ image ┬ image of dy ┐
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { depthTiles } from "./depth-tiles";
import { BLOCK, fillTiles, PLANE_GAP, TEMP_BYTES } from "./winograd-tiles";
import { transformKernelGrad } from "./winograd-transform";

// dw = Σ x·dy   see ConvField; C and F multiples of 4; overwrites dw
export function convWeightGradWinograd(pc: usize): void {
  const rows = Record.u32(pc, ConvField.H);
  const width = Record.u32(pc, ConvField.W);
  const outRows = Record.u32(pc, ConvField.OH);
  const outWidth = Record.u32(pc, ConvField.OW);
  const channels = Record.u32(pc, ConvField.C);
  const features = Record.u32(pc, ConvField.F);
  const top = Record.u32(pc, ConvField.PadTop);
  const left = Record.u32(pc, ConvField.PadLeft);
  const tilesY = (outRows + 3) >> 2;
  const tilesX = (outWidth + 3) >> 2;
  const pitchD = ((features + 7) & ~7) << 2;
  const pitchV = channels << 2;
  const temp = Record.ptr(pc, ConvField.Work);
  const sums = temp + TEMP_BYTES;
  const planeU = channels * pitchD + PLANE_GAP;
  const v = sums + 36 * planeU;
  const planeV = BLOCK * pitchV + PLANE_GAP;
  const d = v + 36 * planeV;
  const planeD = BLOCK * pitchD + PLANE_GAP;
  const image = d + 36 * planeD;
  const imageBytes = ((tilesY << 2) + 2) * ((tilesX << 2) + 2) * pitchV;
  const dyImage = image + imageBytes;
  memory.fill(sums, 0, 36 * planeU);
  memory.fill(image, 0, imageBytes + ((tilesY * tilesX * features) << 6));
  const x = Record.ptr(pc, ConvField.A);
  const dy = Record.ptr(pc, ConvField.B);
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
      x,
      rows,
      width,
      channels,
      top,
      left,
      image,
      temp,
    );
    fillTiles(
      true,
      d,
      planeD,
      pitchD,
      first,
      count,
      tilesY,
      tilesX,
      dy,
      outRows,
      outWidth,
      features,
      0,
      0,
      dyImage,
      temp,
    );
    for (let i: u32 = 0; i < 36; ++i) {
      const a = v + planeV * i;
      const b = d + planeD * i;
      const c = sums + planeU * i;
      depthTiles(c, pitchD, channels, features, a, 0, pitchV, b, 0, pitchD, 1, count);
    }
  }
  const out = Record.ptr(pc, ConvField.Out);
  const line = features << 2;
  const tap = channels * line;
  for (let c: u32 = 0; c < channels; ++c) {
    for (let f: u32 = 0; f < line; f += 16) {
      transformKernelGrad(temp, 96, 16, sums + c * pitchD + f, planeU * 6, planeU, 6);
      transformKernelGrad(out + c * line + f, tap, tap * 3, temp, 16, 96, 3);
    }
  }
}
