/**
 * Gradient of pooling: the mask of a maximum is computed again from x and y, so nothing is kept for it.
 * Place: a kernel of the tape. Invariant: windows add to dx in order, so overlaps sum in an order of the shape.
 */
import { Status } from "../../../src/abi";
import { PoolField, PoolFn } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { Largest } from "./largest";
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
        for (let c: u32 = 0; c < channels; ) {
          // Four channels, or one of the last.
          const whole = channels - c >= 4;
          let g = whole ? v128.load(dy) : v128.load32_zero(dy);
          let bar = zero;
          if (average) g = f32x4.div(g, scale);
          else {
            const largest = whole ? v128.load(y) : v128.load32_zero(y);
            g = v128.and(g, v128.or(relu, f32x4.gt(largest, zero)));
            bar = Largest.bar(largest);
          }
          let row = from + (c << 2);
          for (let ky = rows; ky > 0; --ky) {
            let p = row;
            for (let kx = columns; kx > 0; --kx) {
              let share = g;
              if (!average) {
                const less = f32x4.lt(whole ? v128.load(p + toX) : v128.load32_zero(p + toX), bar);
                share = v128.andnot(g, less);
                // what has still to find its element
                g = v128.and(g, less);
              }
              if (whole) v128.store(p, f32x4.add(v128.load(p), share));
              else v128.store32_lane(p, f32x4.add(v128.load32_zero(p), share), 0);
              p += stepX;
            }
            row += stepY;
          }
          const done: u32 = whole ? 4 : 1;
          c += done;
          dy += done << 2;
          y += done << 2;
        }
      }
    }
    dx += h * w * pixel;
  }
  return Status.Ok;
}
