/**
 * The general matrix product: blocks of B for L2, panels of A for L1, tiles for registers.
 * Place: called by gemm.ts for everything that is not one row, one column, k = 1 or tiny.
 * Invariant: k-blocks run in ascending order and a later one starts from the C that the earlier one stored.
 */
import { GEMM_SCRATCH_BYTES } from "../../../src/abi-gemm";
import { tileSplatting, tileSplattingRuns } from "./first";
import { tilesBy4 } from "./micro";
import { packColumns, packRagged, packTransposed } from "./pack";
import { tiles } from "./panel";
import { Packed, RowMajor, Rows2, Rows3, Rows4, Rows5 } from "./step";

// Most k of a block: a panel of A (16,000 bytes) and one of B (6,400) share a 32 KB L1.
const KC: u32 = 200;
// Most columns of a block: B takes 400 KB of L2.
const NC: u32 = 512;
const MAX_ROWS: u32 = 5;
const A_PANEL_BYTES: usize = 16384;
const TILE_BYTES: usize = 256;
// Few rows do not repay packing B, unless its rows are so far apart that they fall into too few sets of L1.
const MAX_DIRECT_ROWS: u32 = 10;
const MAX_DIRECT_STEP: usize = 2048;

// C[m,n] = (add ? C : 0) + op(A)·op(B)   strides in bytes as in pack.ts; m ≥ 2, n, k ≥ 1; C aliases nothing
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
  const direct = bColumnStep === 4 && m <= MAX_DIRECT_ROWS && bDepthStep <= MAX_DIRECT_STEP;
  const columnsEach = direct ? n : evenly(n, NC, 8);
  const depthEach = evenly(k, KC, 4);
  for (let j: u32 = 0; j < n; j += columnsEach) {
    const columns = min(n - j, columnsEach);
    for (let p: u32 = 0; p < k; p += depthEach) {
      const toC = c + (j << 2);
      const fromA = a + aDepthStep * p;
      const fromB = b + bDepthStep * p + bColumnStep * j;
      const depth = min(k - p, depthEach);
      const load = add || p > 0;
      block(
        toC,
        ldc,
        fromA,
        aRowStep,
        aDepthStep,
        fromB,
        bDepthStep,
        bColumnStep,
        m,
        columns,
        depth,
        load,
        direct,
        scratch,
      );
    }
  }
}

// The least number of nearly equal parts of at most `most`, each but the last a multiple of `unit`: 256 = 2 × 128
function evenly(total: u32, most: u32, unit: u32): u32 {
  const parts = (total + most - 1) / most;
  return ((total + parts - 1) / parts + unit - 1) & ~(unit - 1);
}

function block(
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
  direct: bool,
  scratch: usize,
): void {
  const panelA = scratch;
  const tile = scratch + A_PANEL_BYTES;
  const blockB = tile + TILE_BYTES;
  const panels = n >> 3;
  const ragged = n & 7;
  // Rows in nearly equal parts of at most 5: 32 = 5+5+5+5+4+4+4. Four rows run as fast as five.
  const parts = (m + MAX_ROWS - 1) / MAX_ROWS;
  const rowsEach = m / parts;
  const longer = m - rowsEach * parts;
  // The first rows pack B on their way, where their tile can.
  const packs = bColumnStep === 4 && !direct && rowsEach + u32(longer > 0) === MAX_ROWS && (k & 3) === 0;
  let panelB = blockB;
  let bStep: usize = 32;
  let bPanel = (<usize>k) << 5;
  let raggedB = blockB;
  if (direct) {
    panelB = b;
    bStep = bDepthStep;
    bPanel = 32;
  } else if (panels) {
    if (bColumnStep === 4) packColumns(blockB, b, bDepthStep, packs ? 1 : panels, k);
    else packTransposed(blockB, b, bColumnStep, panels, k);
    raggedB += bPanel * panels;
  }
  if (ragged) packRagged(raggedB, 8, b + bColumnStep * (panels << 3), bDepthStep, bColumnStep, ragged, k);

  for (let part: u32 = 0; part < parts; ++part) {
    const rows = rowsEach + u32(part < longer);
    // Whole fours of k take the fast tiles, the rest of k reads A where it lies.
    const k4: u32 = direct || rows < 4 ? 0 : k & ~3;
    const rest = k - k4;
    const restA = a + aDepthStep * k4;
    const loads = add || k4 > 0;
    if (panels) {
      if (k4) {
        By.first(rows, c, ldc, panelA, a, aRowStep, aDepthStep, panelB, k4, add);
        if (panels > 1) {
          if (packs && part === 0) {
            const tile5: PackingTile = tile5PackingColumns;
            tile5(c + 32, ldc, panelA, b + 32, bDepthStep, panelB + bPanel, panels - 1, k, add);
          } else By.four(rows, c + 32, ldc, panelA, panelB + bPanel, bPanel, panels - 1, k4, add);
        }
      }
      if (rest) {
        const restB = panelB + bStep * k4;
        By.one(rows, c, ldc, restA, aRowStep, aDepthStep, restB, bStep, bPanel, panels, rest, loads);
      }
    }
    if (ragged) {
      const toC = c + (panels << 5);
      if (add) copyTile(tile, 32, toC, ldc, rows, ragged);
      if (k4) {
        if (panels) By.four(rows, tile, 32, panelA, raggedB, 0, 1, k4, add);
        else By.first(rows, tile, 32, panelA, a, aRowStep, aDepthStep, raggedB, k4, add);
      }
      if (rest) {
        const restB = raggedB + (k4 << 5);
        By.one(rows, tile, 32, restA, aRowStep, aDepthStep, restB, 32, 0, 1, rest, loads);
      }
      copyTile(toC, ldc, tile, 32, rows, ragged);
    }
    c += ldc * rows;
    a += aRowStep * rows;
  }
}

// Called through the table, for a kernel with one caller would be inlined there.
type PackingTile = (
  c: usize,
  ldc: usize,
  a: usize,
  b: usize,
  bStep: usize,
  to: usize,
  panels: u32,
  k: u32,
  add: bool,
) => void;
function tile5PackingColumns(
  c: usize,
  ldc: usize,
  a: usize,
  b: usize,
  bStep: usize,
  to: usize,
  panels: u32,
  k: u32,
  add: bool,
): void {
  tilesBy4<Rows5, RowMajor>(c, ldc, a, b, bStep, 32, to, panels, k, add);
}

// C may end right behind its last columns: those go through a tile in scratch.
function copyTile(to: usize, toStep: usize, from: usize, fromStep: usize, rows: u32, columns: u32): void {
  for (; rows; --rows) {
    for (let j: usize = 0; j < columns << 2; j += 4) store<u32>(to + j, load<u32>(from + j));
    to += toStep;
    from += fromStep;
  }
}

// Each kernel is called at two places or more, or binaryen would inline it here, and V8 tiers up whole functions
// between calls.
class By {
  // @ts-expect-error: decorator
  @inline
  static first(
    rows: u32,
    c: usize,
    ldc: usize,
    panel: usize,
    a: usize,
    rowStep: usize,
    depthStep: usize,
    b: usize,
    k: u32,
    add: bool,
  ): void {
    if (rows === 4) tileSplatting<Rows4>(c, ldc, panel, a, rowStep, depthStep, b, k, add);
    else if (depthStep === 4) tileSplattingRuns<Rows5>(c, ldc, panel, a, rowStep, b, k, add);
    else tileSplatting<Rows5>(c, ldc, panel, a, rowStep, depthStep, b, k, add);
  }

  // @ts-expect-error: decorator
  @inline
  static one(
    rows: u32,
    c: usize,
    ldc: usize,
    a: usize,
    rowStep: usize,
    depthStep: usize,
    b: usize,
    bStep: usize,
    bPanel: usize,
    panels: u32,
    k: u32,
    add: bool,
  ): void {
    switch (rows) {
      case 5:
        tiles<Rows5>(c, ldc, a, rowStep, depthStep, b, bStep, bPanel, panels, k, add);
        break;
      case 4:
        tiles<Rows4>(c, ldc, a, rowStep, depthStep, b, bStep, bPanel, panels, k, add);
        break;
      case 3:
        tiles<Rows3>(c, ldc, a, rowStep, depthStep, b, bStep, bPanel, panels, k, add);
        break;
      default:
        tiles<Rows2>(c, ldc, a, rowStep, depthStep, b, bStep, bPanel, panels, k, add);
    }
  }

  // @ts-expect-error: decorator
  @inline
  static four(
    rows: u32,
    c: usize,
    ldc: usize,
    a: usize,
    b: usize,
    bPanel: usize,
    panels: u32,
    k: u32,
    add: bool,
  ): void {
    if (rows === 5) tilesBy4<Rows5, Packed>(c, ldc, a, b, 32, bPanel, 0, panels, k, add);
    else tilesBy4<Rows4, Packed>(c, ldc, a, b, 32, bPanel, 0, panels, k, add);
  }
}
