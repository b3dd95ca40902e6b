/**
 * Fills a block of Winograd's tiles: 36 planes, one per element of a transformed tile, each [tiles][channels].
 * Place: called by winograd.ts and its weight gradient. Invariant: blocks come in ascending order, so that `image` holds
 * the image in which the block begins.
 */
import { Padded } from "./pack";
import { transformGrad, transformInput } from "./winograd-transform";

/** Tiles of a block: planes of V, products and kernels together fit L2. */
export const BLOCK: u32 = 64;
/** Planes are a cache line apart from what would fall into the same sets. */
export const PLANE_GAP: u32 = 64;
/** Bytes of 36 vectors, twice. */
export const TEMP_BYTES: usize = 1152;

// v[36 planes][count][pitch bytes] = transformed tiles first … first + count − 1 of the images at input
// isGrad: tiles of 4×4 pixels of dy, else of 6×6 of the image with padding top and left
export function fillTiles(
  isGrad: bool,
  v: usize,
  plane: usize,
  pitch: usize,
  first: u32,
  count: u32,
  tilesY: u32,
  tilesX: u32,
  input: usize,
  rows: u32,
  width: u32,
  channels: u32,
  top: i32,
  left: i32,
  image: usize,
  temp: usize,
): void {
  const pixel = channels << 2;
  const border: u32 = isGrad ? 0 : 2;
  const height = (tilesY << 2) + border;
  const paddedWidth = (tilesX << 2) + border;
  const line = paddedWidth * pixel;
  const lines = 4 + border;
  const tilesEach = tilesY * tilesX;
  let index = first % tilesEach;
  let from = input + (first / tilesEach) * rows * width * pixel;
  for (; count; --count) {
    if (index === 0) Padded.copy(image, height, paddedWidth, from, rows, width, pixel, 1, 1, top, left);
    const tileY = index / tilesX;
    const tile = image + (tileY << 2) * line + ((index - tileY * tilesX) << 2) * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      if (isGrad) {
        transformGrad(temp, 96, 16, tile + c, line, pixel, lines);
        transformGrad(v + c, plane, plane * 6, temp, 16, 96, 6);
      } else {
        transformInput(temp, 96, 16, tile + c, line, pixel, lines);
        transformInput(v + c, plane, plane * 6, temp, 16, 96, 6);
      }
    }
    v += pitch;
    if (++index === tilesEach) {
      index = 0;
      from += rows * width * pixel;
    }
  }
}
