/**
 * Pooling and its gradient against loops written from the definition.
 * Invariant proved here: every element of dy reaches exactly one element of its window (Max) or all alike (Average).
 */
import { describe, expect, it } from "vitest";
import { Op } from "../../src/abi.ts";
import { PoolField, PoolFn } from "../../src/abi-image.ts";
import { integer, numbers, random } from "./conv-reference.ts";
import { firstDifference, record, TapeCore, variants } from "./tape-core.ts";

interface Pool {
  fn: PoolFn;
  n: number;
  h: number;
  w: number;
  c: number;
  kh: number;
  kw: number;
  oh: number;
  ow: number;
  sy: number;
  sx: number;
  dy: number;
  dx: number;
  top: number;
  left: number;
  bottom: number;
  right: number;
  includePad: boolean;
  divisor: number;
  relu: boolean;
}

const sizeOf = (size: number, pads: number, k: number, d: number, s: number) =>
  Math.floor((size + pads - (k - 1) * d - 1) / s) + 1;

function pool(given: Partial<Pool>): Pool {
  const p = {
    ...{ fn: PoolFn.Max, n: 2, h: 6, w: 6, c: 5, kh: 2, kw: 2, sy: 2, sx: 2, dy: 1, dx: 1 },
    ...{ top: 0, left: 0, bottom: 0, right: 0, includePad: false, divisor: 0, relu: false },
    ...given,
  };
  return {
    ...p,
    oh: sizeOf(p.h, p.top + p.bottom, p.kh, p.dy, p.sy),
    ow: sizeOf(p.w, p.left + p.right, p.kw, p.dx, p.sx),
  };
}

function randomPool(fn: PoolFn): Pool {
  for (;;) {
    const [kh, kw] = [integer(1, 4), integer(1, 4)];
    const average = fn === PoolFn.Average;
    const p = pool({
      ...{ fn, n: integer(1, 2), h: integer(1, 9), w: integer(1, 9), c: integer(1, 9), kh, kw },
      ...{ sy: integer(1, 4), sx: integer(1, 4), dy: integer(1, 2), dx: integer(1, 2) },
      ...{ top: integer(0, kh - 1), left: integer(0, kw - 1), bottom: integer(0, kh - 1) },
      ...{ right: integer(0, kw - 1), relu: !average && random() < 0.5 },
      ...{ includePad: random() < 0.5, divisor: average && random() < 0.3 ? integer(1, 7) : 0 },
    });
    if (p.oh > 0 && p.ow > 0) return p;
  }
}

/** For every output element: the elements of x in its window, and the divisor of a mean. */
function windows(p: Pool): { inside: number[]; divisor: number }[] {
  const all: { inside: number[]; divisor: number }[] = [];
  for (let n = 0; n < p.n; n++)
    for (let oy = 0; oy < p.oh; oy++)
      for (let ox = 0; ox < p.ow; ox++)
        for (let c = 0; c < p.c; c++) {
          const inside: number[] = [];
          let padded = 0;
          for (let ky = 0; ky < p.kh; ky++)
            for (let kx = 0; kx < p.kw; kx++) {
              const y = oy * p.sy - p.top + ky * p.dy;
              const x = ox * p.sx - p.left + kx * p.dx;
              if (y < p.h + p.bottom && x < p.w + p.right) padded++;
              if (y >= 0 && x >= 0 && y < p.h && x < p.w) inside.push(((n * p.h + y) * p.w + x) * p.c + c);
            }
          all.push({ inside, divisor: p.divisor || Math.max(1, p.includePad ? padded : inside.length) });
        }
  return all;
}

const f = Math.fround;

function forward(p: Pool, x: Float32Array): Float32Array {
  return Float32Array.from(windows(p), ({ inside, divisor }) => {
    if (p.fn === PoolFn.Average) return f(inside.reduce((sum, i) => f(sum + x[i]!), 0) / divisor);
    const most = inside.reduce((m, i) => Math.max(m, x[i]!), Number.NEGATIVE_INFINITY);
    return p.relu ? Math.max(most, 0) : most;
  });
}

function backward(p: Pool, x: Float32Array, y: Float32Array, dy: Float32Array): Float32Array {
  const dx = new Float32Array(x.length);
  windows(p).forEach(({ inside, divisor }, o) => {
    if (p.fn === PoolFn.Average) for (const i of inside) dx[i] = dx[i]! + f(dy[o]! / divisor);
    else {
      const hit = inside.find((i) => x[i] === y[o] || (Number.isNaN(x[i]) && Number.isNaN(y[o])));
      if (hit !== undefined && (!p.relu || y[o]! > 0)) dx[hit] = dx[hit]! + dy[o]!;
    }
  });
  return dx;
}

function run(
  core: TapeCore,
  p: Pool,
  x: Float32Array,
  grad?: { y: Float32Array; dy: Float32Array },
): Float32Array {
  core.reset();
  const size = grad ? x.length : p.n * p.oh * p.ow * p.c;
  const out = core.floats(size);
  const max = p.fn === PoolFn.Max;
  const a = core.floats(grad ? grad.dy : x);
  const saved = grad && max ? [core.floats(x), core.floats(grad.y)] : [0, 0];
  const sizes = [p.n, p.h, p.w, p.c, p.kh, p.kw, p.oh, p.ow, p.sy, p.sx, p.dy, p.dx];
  const pads = [p.top, p.left, p.bottom, p.right];
  const flags = [p.fn, Number(p.includePad), p.divisor, Number(p.relu)];
  const words = record(grad ? Op.Pool2dGrad : Op.Pool2d, out, a, ...sizes, ...pads, ...flags, ...saved);
  expect(words.length).toBe(PoolField.Count);
  core.ok(words);
  return core.readFloats(out, size);
}

// Few distinct values, so that windows have equal largest elements.
const coarse = (n: number): Float32Array => Float32Array.from({ length: n }, () => integer(-2, 2));

describe.each(variants)("pooling, %s core", (variant) => {
  const core = new TapeCore(variant);

  it.each([PoolFn.Max, PoolFn.Average])("agrees with loops over random shapes (function %i)", (fn) => {
    for (let i = 0; i < 200; i++) {
      const p = randomPool(fn);
      const x = (i & 1 ? coarse : numbers)(p.n * p.h * p.w * p.c);
      const where = JSON.stringify(p);
      const y = run(core, p, x);
      expect(firstDifference(y, forward(p, x)), where).toBe(-1);
      const dy = numbers(y.length);
      expect(firstDifference(run(core, p, x, { y, dy }), backward(p, x, y, dy)), where).toBe(-1);
    }
  });

  it("keeps NaN, and sends its gradient to the first", () => {
    const p = pool({ n: 1, h: 2, w: 4, c: 1 });
    const x = Float32Array.of(1, Number.NaN, 3, 4, Number.NaN, 5, 2, 1);
    const y = run(core, p, x);
    expect([...y]).toEqual([Number.NaN, 4]);
    const dx = run(core, p, x, { y, dy: Float32Array.of(7, 8) });
    expect([...dx]).toEqual([0, 7, 0, 8, 0, 0, 0, 0]);
    expect(run(core, { ...p, relu: true }, x)[0]).toBeNaN();
  });

  // One channel takes the general loops, five those of pairs: a vector and one that overlaps it.
  it.each([1, 5])("knows NaN, ∞ and zeros apart (%i channels)", (c) => {
    const windows = [
      { x: [1, Number.NaN, 3, Number.NaN], y: Number.NaN, hit: 1 },
      { x: [Number.NEGATIVE_INFINITY, 2, Number.NaN, 5], y: Number.NaN, hit: 2 },
      { x: [4, Number.POSITIVE_INFINITY, 1, 2], y: Number.POSITIVE_INFINITY, hit: 1 },
      { x: [-0, 0, -1, -2], y: -0, hit: 0 },
      { x: [-3, 0, -0, -2], y: 0, hit: 1 },
      { x: Array(4).fill(Number.NEGATIVE_INFINITY), y: Number.NEGATIVE_INFINITY, hit: 0 },
    ];
    const p = pool({ n: windows.length, h: 2, w: 2, c });
    const x = Float32Array.from(windows.flatMap((w) => w.x.flatMap((value) => Array<number>(c).fill(value))));
    const y = run(core, p, x);
    expect([...y]).toEqual(windows.flatMap((w) => Array<number>(c).fill(w.y)));
    const dx = run(core, p, x, { y, dy: new Float32Array(y.length).fill(7) });
    expect([...dx]).toEqual(
      windows.flatMap((w) => w.x.flatMap((_, i) => Array<number>(c).fill(i === w.hit ? 7 : 0))),
    );
    const clamped = run(core, { ...p, relu: true }, x);
    for (let i = 0; i < clamped.length; i++) {
      const most = windows[Math.floor(i / c)]!.y;
      expect(clamped[i]).toBe(most > 0 ? most : Number.isNaN(most) ? Number.NaN : 0);
    }
  });
});
