/**
 * The general matrix product: blocks of B for L2, panels of A for L1, tiles for registers.
 * Place: called by gemm.ts for everything that is not one row, one column, k = 1 or tiny.
 * Invariant: k-blocks run in ascending order and a later one starts from the C that the earlier one stored.
 */
import { GEMM_SCRATCH_BYTES } from "../../../src/abi-gemm";
import { Tiles } from "./micro";
import { packColumns, packRagged, packRows, packRuns, packTransposed } from "./pack";

// k and columns of a packed block of B. 192 to 384 deep were equal.
const KC: u32 = 256;
const NC: u32 = 1024;
const MAX_ROWS: u32 = 6;
const A_PANEL_BYTES: usize = 6144;
const TILE_BYTES: usize = 256;
// Rows of B further apart than this fall into too few sets of L1: packed instead of read in place.
const MAX_DIRECT_STEP: usize = 2048;

// C[m,n] = (add ? C : 0) + op(A)·op(B)   strides in bytes as in pack.ts; m, n, k ≥ 1; C aliases nothing
export function gemmBlocked(
  c: usize,
  ldc: usize,
  a: usize,
  aRowStep: usize,
  aDepthStep: usize,
  b: usize,
  bDepthStep: usize,
  bColumnStep: usize,
  m: u32,
  n: u32,
  k: u32,
  add: bool,
  scratch: usize,
): void {
  assert(A_PANEL_BYTES + TILE_BYTES + ((KC * NC) << 2) <= <usize>GEMM_SCRATCH_BYTES);
  const panelA = scratch;
  const tile = scratch + A_PANEL_BYTES;
  const blockB = tile + TILE_BYTES;
  const direct = bColumnStep === 4 && bDepthStep <= MAX_DIRECT_STEP;
  const columnsPerBlock = direct ? n : NC;

  // Rows in nearly equal parts of at most 6: 32 = 6+6+5+5+5+5. Five rows cost less than six with one wasted.
  const parts = (m + MAX_ROWS - 1) / MAX_ROWS;
  const rowsEach = m / parts;
  const longer = m - rowsEach * parts;

  for (let j: u32 = 0; j < n; j += columnsPerBlock) {
    const columns = min(n - j, columnsPerBlock);
    const panels = columns >> 3;
    const ragged = columns & 7;
    const raggedWidth: u32 = ragged > 4 ? 8 : 4;
    for (let p: u32 = 0; p < k; p += KC) {
      const depth = min(k - p, KC);
      const from = b + bDepthStep * p + bColumnStep * j;
      let panelB = blockB;
      let bStep: usize = 32;
      let bPanel = (<usize>depth) << 5;
      let raggedB = blockB;
      if (direct) {
        panelB = from;
        bStep = bDepthStep;
        bPanel = 32;
      } else if (panels) {
        if (bColumnStep === 4) packColumns(blockB, from, bDepthStep, panels, depth);
        else packTransposed(blockB, from, bColumnStep, panels, depth);
        raggedB += bPanel * panels;
      }
      if (ragged) {
        const fromRagged = from + bColumnStep * (panels << 3);
        packRagged(raggedB, raggedWidth, fromRagged, bDepthStep, bColumnStep, ragged, depth);
      }
      const load = add || p > 0;
      let toC = c + (j << 2);
      let fromA = a + aDepthStep * p;
      for (let part: u32 = 0; part < parts; ++part) {
        const rows = rowsEach + u32(part < longer);
        let readA = panelA;
        if (aDepthStep !== 4) packRuns(panelA, fromA, aDepthStep, rows, depth);
        else if (rows > 1) packRows(panelA, fromA, aRowStep, rows, depth);
        else readA = fromA;
        if (panels) Tiles.by8(rows, toC, ldc, readA, panelB, bStep, bPanel, panels, depth, load);
        if (ragged) raggedTile(toC + (panels << 5), ldc, readA, raggedB, rows, ragged, depth, load, tile);
        toC += ldc * rows;
        fromA += aRowStep * rows;
      }
    }
  }
}

// The last 1…7 columns of a block. All but 4 go through a tile in scratch, for C may end right behind them.
function raggedTile(
  c: usize,
  ldc: usize,
  a: usize,
  b: usize,
  rows: u32,
  columns: u32,
  k: u32,
  add: bool,
  tile: usize,
): void {
  const whole = columns === 4;
  const to = whole ? c : tile;
  const toStep = whole ? ldc : 32;
  if (add && !whole) copyTile(tile, 32, c, ldc, rows, columns);
  if (columns <= 4) Tiles.by4(rows, to, toStep, a, b, k, add);
  else Tiles.by8(rows, to, toStep, a, b, 32, 0, 1, k, add);
  if (!whole) copyTile(c, ldc, tile, 32, rows, columns);
}

function copyTile(to: usize, toStep: usize, from: usize, fromStep: usize, rows: u32, columns: u32): void {
  for (; rows; --rows) {
    for (let j: usize = 0; j < columns << 2; j += 4) store<u32>(to + j, load<u32>(from + j));
    to += toStep;
    from += fromStep;
  }
}
