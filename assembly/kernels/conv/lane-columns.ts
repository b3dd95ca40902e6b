/**
 * What the tiles of lanes.ts and pixels.ts share: columns in groups of 3 and 2, their weights, and where sums are stored.
 * Place: below lanes-tile.ts and pixels-tile.ts. Invariant: a lane is stored as it was summed, to an address of its own.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";

/** How many of the `left` columns the next tile takes; left ≥ 2. */
export function columnsOf(left: u32): u32 {
  return left === 3 || left > 4 ? 3 : 2;
}

// To Work: bias: [columns][4 equal], 0s if there is none; weights: [groups of columns][taps][depth][2 or 3][4 equal] from [taps][C][F];
// `backward`: the taps in descending order and C as columns
export function packColumns(pc: usize, backward: bool): void {
  const taps = Record.u32(pc, ConvField.KH) * Record.u32(pc, ConvField.KW);
  const depth = Record.u32(pc, backward ? ConvField.F : ConvField.C);
  let columns = Record.u32(pc, backward ? ConvField.C : ConvField.F);
  const bias = Record.ptr(pc, ConvField.Work);
  let weights = bias + (columns << 4);
  const biasOf = Record.ptr(pc, ConvField.Bias);
  let from = Record.ptr(pc, ConvField.B);
  const depthStep = (backward ? 1 : columns) << 2;
  const columnStep = (backward ? depth : 1) << 2;
  const tapStep = (depth * columns) << 2;
  for (let j: u32 = 0; j < columns; ++j)
    v128.store(bias + (j << 4), biasOf ? v128.load32_splat(biasOf + (j << 2)) : f32x4.splat(0));
  while (columns) {
    const group = columnsOf(columns);
    for (let tap: u32 = 0; tap < taps; ++tap) {
      let p = from + (backward ? taps - 1 - tap : tap) * tapStep;
      for (let d = depth; d; --d) {
        for (let j: u32 = 0; j < group; ++j) {
          v128.store(weights, v128.load32_splat(p + j * columnStep));
          weights += 16;
        }
        p += depthStep;
      }
    }
    from += columnStep * group;
    columns -= group;
  }
}

/** Sums of 3 vectors: lane i of vector v goes to c + v·vectorStep + i·laneStep. */
export class Tile {
  // two columns
  // biome-ignore format: as the calls
  // @ts-expect-error: decorator
  @inline
  static pair(
    c: usize, laneStep: usize, vectorStep: usize, bias: usize, floor: v128,
    x0: v128, y0: v128, x1: v128, y1: v128, x2: v128, y2: v128,
  ): void {
    const bx = v128.load(bias);
    const by = v128.load(bias, 16);
    // pmax keeps a NaN in its first operand
    Tile.two(c, laneStep, f32x4.pmax(f32x4.add(x0, bx), floor), f32x4.pmax(f32x4.add(y0, by), floor));
    c += vectorStep;
    Tile.two(c, laneStep, f32x4.pmax(f32x4.add(x1, bx), floor), f32x4.pmax(f32x4.add(y1, by), floor));
    c += vectorStep;
    Tile.two(c, laneStep, f32x4.pmax(f32x4.add(x2, bx), floor), f32x4.pmax(f32x4.add(y2, by), floor));
  }

  // the third column
  // biome-ignore format: as the calls
  // @ts-expect-error: decorator
  @inline
  static third(
    c: usize, laneStep: usize, vectorStep: usize, bias: usize, floor: v128, z0: v128, z1: v128, z2: v128,
  ): void {
    const bz = v128.load(bias, 32);
    Tile.one(c, laneStep, f32x4.pmax(f32x4.add(z0, bz), floor));
    c += vectorStep;
    Tile.one(c, laneStep, f32x4.pmax(f32x4.add(z1, bz), floor));
    c += vectorStep;
    Tile.one(c, laneStep, f32x4.pmax(f32x4.add(z2, bz), floor));
  }

  // @ts-expect-error: decorator
  @inline
  static two(c: usize, laneStep: usize, x: v128, y: v128): void {
    const low = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
    const high = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
    v128.store64_lane(c, low, 0);
    v128.store64_lane(c + laneStep, low, 1);
    c += laneStep << 1;
    v128.store64_lane(c, high, 0);
    v128.store64_lane(c + laneStep, high, 1);
  }

  // @ts-expect-error: decorator
  @inline
  static one(c: usize, laneStep: usize, z: v128): void {
    v128.store32_lane(c, z, 0, 8);
    v128.store32_lane(c + laneStep, z, 1, 8);
    c += laneStep << 1;
    v128.store32_lane(c, z, 2, 8);
    v128.store32_lane(c + laneStep, z, 3, 8);
  }
}
