/**
 * Gradient of pooling: the mask of a maximum is computed again from x and y, so nothing is kept for it.
 * Place: a kernel of the tape. Invariant: windows add to dx in order, so overlaps sum in an order of the shape.
 */
import { Status } from "../../../src/abi";
import { PoolField, PoolFn } from "../../../src/abi-image";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { Pairs } from "./pool-pairs";
import { Window } from "./window";

// see PoolField; overwrites dx
export function pool2dGrad(pc: usize): u32 {
  if (Pairs.fit(pc)) {
    Pairs.grad(pc);
    return Status.Ok;
  }
  const h = Record.u32(pc, PoolField.H);
  const w = Record.u32(pc, PoolField.W);
  const channels = Record.u32(pc, PoolField.C);
  const average = Record.u32(pc, PoolField.Fn) === PoolFn.Average;
  const relu = i32x4.splat(Record.u32(pc, PoolField.Relu) ? 0 : -1);
  const dilationY = Record.u32(pc, PoolField.DilationY);
  const dilationX = Record.u32(pc, PoolField.DilationX);
  const pixel = channels << 2;
  const stepX = dilationX * pixel;
  const stepY = dilationY * w * pixel;
  const zero = f32x4.splat(0);
  let dx = Record.ptr(pc, PoolField.Out);
  let dy = Record.ptr(pc, PoolField.A);
  const toX = Record.ptr(pc, PoolField.X) - dx;
  let y = Record.ptr(pc, PoolField.Y);
  memory.fill(dx, 0, Record.u32(pc, PoolField.N) * h * w * pixel);
  for (let n = Record.u32(pc, PoolField.N); n; --n) {
    for (let oy: u32 = 0; oy < Record.u32(pc, PoolField.OH); ++oy) {
      const atY = Window.start(pc, oy, PoolField.StrideY, PoolField.PadTop);
      const top = Window.first(atY, dilationY);
      const rows = Window.end(atY, dilationY, Record.u32(pc, PoolField.KH), h) - top;
      for (let ox: u32 = 0; ox < Record.u32(pc, PoolField.OW); ++ox) {
        const atX = Window.start(pc, ox, PoolField.StrideX, PoolField.PadLeft);
        const left = Window.first(atX, dilationX);
        const columns = Window.end(atX, dilationX, Record.u32(pc, PoolField.KW), w) - left;
        const from = dx + <usize>((atY + top * dilationY) * <i32>w + atX + left * dilationX) * pixel;
        const scale = average ? f32x4.splat(Window.scale(pc, atY, atX, rows, columns)) : zero;
        for (let c: u32 = 0; c < channels; c += 4) {
          const r = min(channels - c, 4);
          const whole = r === 4;
          let g = whole ? v128.load(dy) : Lanes.loadTail(dy, r);
          let largest = zero;
          // lanes whose gradient has still to find its element
          let open = i32x4.splat(-1);
          if (average) g = f32x4.div(g, scale);
          else {
            largest = whole ? v128.load(y) : Lanes.loadTail(y, r);
            g = v128.and(g, v128.or(relu, f32x4.gt(largest, zero)));
          }
          const unordered = f32x4.ne(largest, largest);
          let row = from + (c << 2);
          for (let ky = rows; ky > 0; --ky) {
            let p = row;
            for (let kx = columns; kx > 0; --kx) {
              let hit = open;
              if (!average) {
                const x = whole ? v128.load(p + toX) : Lanes.loadTail(p + toX, r);
                hit = v128.and(open, v128.or(f32x4.eq(x, largest), v128.and(unordered, f32x4.ne(x, x))));
                open = v128.andnot(open, hit);
              }
              const sum = f32x4.add(whole ? v128.load(p) : Lanes.loadTail(p, r), v128.and(g, hit));
              if (whole) v128.store(p, sum);
              else Lanes.storeTail(p, sum, r);
              p += stepX;
            }
            row += stepY;
          }
          dy += r << 2;
          y += r << 2;
        }
      }
    }
    dx += h * w * pixel;
  }
  return Status.Ok;
}
