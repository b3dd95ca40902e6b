/**
 * Yardsticks of the roofline benchmark: the most multiply-adds and the fastest read the machine can do.
 * Place: test build only. Invariant: peak does the arithmetic of the 6×8 tile, with every operand in a register.
 */
import { Lanes } from "../simd/lanes";

// steps rounds of 12 vector multiply-adds (96 FLOP each) on registers alone; the sum keeps them alive.
export function peak(steps: u32, seed: f32): f32 {
  const u = f32x4.splat(seed);
  const v = f32x4.splat(seed * 0.5);
  let x0 = f32x4.splat(0),
    x1 = x0,
    x2 = x0,
    x3 = x0,
    x4 = x0,
    x5 = x0;
  let y0 = x0,
    y1 = x0,
    y2 = x0,
    y3 = x0,
    y4 = x0,
    y5 = x0;
  for (; steps; --steps) {
    x0 = Lanes.madd(u, v, x0);
    y0 = Lanes.madd(u, v, y0);
    x1 = Lanes.madd(u, v, x1);
    y1 = Lanes.madd(u, v, y1);
    x2 = Lanes.madd(u, v, x2);
    y2 = Lanes.madd(u, v, y2);
    x3 = Lanes.madd(u, v, x3);
    y3 = Lanes.madd(u, v, y3);
    x4 = Lanes.madd(u, v, x4);
    y4 = Lanes.madd(u, v, y4);
    x5 = Lanes.madd(u, v, x5);
    y5 = Lanes.madd(u, v, y5);
  }
  x0 = f32x4.add(f32x4.add(x0, x1), f32x4.add(x2, x3));
  y0 = f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3));
  x4 = f32x4.add(f32x4.add(x4, x5), f32x4.add(y4, y5));
  return Lanes.sum(f32x4.add(f32x4.add(x0, y0), x4));
}

// Reads bytes (a multiple of 128) once, in order; the or of all words keeps the loads alive.
export function readAll(ptr: usize, bytes: usize): u32 {
  const end = ptr + bytes;
  let a = i32x4.splat(0),
    b = a,
    c = a,
    d = a;
  for (; ptr !== end; ptr += 128) {
    a = v128.or(a, v128.or(v128.load(ptr), v128.load(ptr, 16)));
    b = v128.or(b, v128.or(v128.load(ptr, 32), v128.load(ptr, 48)));
    c = v128.or(c, v128.or(v128.load(ptr, 64), v128.load(ptr, 80)));
    d = v128.or(d, v128.or(v128.load(ptr, 96), v128.load(ptr, 112)));
  }
  a = v128.or(v128.or(a, b), v128.or(c, d));
  return (
    i32x4.extract_lane(a, 0) | i32x4.extract_lane(a, 1) | i32x4.extract_lane(a, 2) | i32x4.extract_lane(a, 3)
  );
}
