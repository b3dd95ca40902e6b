/**
 * Largest value of windows of 2 × 2 by steps of 2, the pooling of nearly every convolutional network, and its gradient.
 * Place: called by pool.ts and pool-grad.ts. Invariant: the bits of their general loops, which take every other window; no
 * two windows share an element, so a gradient is written without being read.
 */
import { PoolField, PoolFn } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { Largest } from "./largest";

export class Pairs {
  /** Whether the record's windows are such, lie inside the image, and have the channels of a vector or more. */
  static fit(pc: usize): bool {
    const kernel = Record.u32(pc, PoolField.KH) === 2 && Record.u32(pc, PoolField.KW) === 2;
    const stride = Record.u32(pc, PoolField.StrideY) === 2 && Record.u32(pc, PoolField.StrideX) === 2;
    const dilation = Record.u32(pc, PoolField.DilationY) * Record.u32(pc, PoolField.DilationX) === 1;
    const padding = Record.u32(pc, PoolField.PadTop) | Record.u32(pc, PoolField.PadLeft);
    const inside =
      Record.u32(pc, PoolField.OH) << 1 <= Record.u32(pc, PoolField.H) &&
      Record.u32(pc, PoolField.OW) << 1 <= Record.u32(pc, PoolField.W);
    const max = Record.u32(pc, PoolField.Fn) === PoolFn.Max && Record.u32(pc, PoolField.C) >= 4;
    return kernel && stride && dilation && !padding && inside && max;
  }

  // see PoolField; overwrites out
  static forward(pc: usize): void {
    const pixel = Record.u32(pc, PoolField.C) << 2;
    const line = Record.u32(pc, PoolField.W) * pixel;
    const bound = f32x4.splat(Record.u32(pc, PoolField.Relu) ? 0 : -Infinity);
    const outRows = Record.u32(pc, PoolField.OH);
    const last = pixel - 16;
    let out = Record.ptr(pc, PoolField.Out);
    let image = Record.ptr(pc, PoolField.A);
    for (let n = Record.u32(pc, PoolField.N); n; --n) {
      let row = image;
      for (let oy = outRows; oy; --oy) {
        let from = row;
        for (let ox = Record.u32(pc, PoolField.OW); ox; --ox) {
          for (let c: usize = 0; c < pixel; c += 16) {
            // The last channels overlap those before: the same bits again.
            c = min(c, last);
            const p = from + c;
            let value = Largest.of(bound, v128.load(p));
            value = Largest.of(value, v128.load(p + pixel));
            const below = p + line;
            value = Largest.of(value, v128.load(below));
            value = Largest.of(value, v128.load(below + pixel));
            v128.store(out + c, value);
          }
          from += pixel << 1;
          out += pixel;
        }
        row += line << 1;
      }
      image += Record.u32(pc, PoolField.H) * line;
    }
  }

  // see PoolField; overwrites dx
  static grad(pc: usize): void {
    const pixel = Record.u32(pc, PoolField.C) << 2;
    const line = Record.u32(pc, PoolField.W) * pixel;
    const imageBytes = Record.u32(pc, PoolField.H) * line;
    const outRows = Record.u32(pc, PoolField.OH);
    const outWidth = Record.u32(pc, PoolField.OW);
    const images = Record.u32(pc, PoolField.N);
    const relu = i32x4.splat(Record.u32(pc, PoolField.Relu) ? 0 : -1);
    const last = pixel - 16;
    const zero = f32x4.splat(0);
    let dx = Record.ptr(pc, PoolField.Out);
    let dy = Record.ptr(pc, PoolField.A);
    let y = Record.ptr(pc, PoolField.Y);
    let x = Record.ptr(pc, PoolField.X);
    // Odd images have elements that no window reads.
    if ((outRows * outWidth * pixel) << 2 !== imageBytes) memory.fill(dx, 0, images * imageBytes);
    for (let n = images; n; --n) {
      let row: usize = 0;
      for (let oy = outRows; oy; --oy) {
        let at = row;
        for (let ox = outWidth; ox; --ox) {
          for (let c: usize = 0; c < pixel; c += 16) {
            c = min(c, last);
            const largest = v128.load(y + c);
            // −0 + 0 = 0: as the general loop adds it to a 0
            let g = f32x4.add(v128.and(v128.load(dy + c), v128.or(relu, f32x4.gt(largest, zero))), zero);
            const p = x + at + c;
            const q = dx + at + c;
            const bar = Largest.bar(largest);
            let less = f32x4.lt(v128.load(p), bar);
            v128.store(q, v128.andnot(g, less));
            g = v128.and(g, less);
            less = f32x4.lt(v128.load(p + pixel), bar);
            v128.store(q + pixel, v128.andnot(g, less));
            g = v128.and(g, less);
            less = f32x4.lt(v128.load(p + line), bar);
            v128.store(q + line, v128.andnot(g, less));
            g = v128.and(g, less);
            less = f32x4.lt(v128.load(p + line + pixel), bar);
            v128.store(q + line + pixel, v128.andnot(g, less));
          }
          at += pixel << 1;
          dy += pixel;
          y += pixel;
        }
        row += line << 1;
      }
      x += imageBytes;
      dx += imageBytes;
    }
  }
}
