/**
 * Largest or mean value of each window of an image.
 * Place: a kernel of the tape. Invariant: channels are lanes; an element's bits depend on its window alone.
 */
import { Status } from "../../../src/abi";
import { PoolField, PoolFn } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { Largest } from "./largest";
import { Pairs } from "./pool-pairs";
import { Window } from "./window";

// see PoolField; overwrites out
export function pool2d(pc: usize): u32 {
  if (Pairs.fit(pc)) {
    Pairs.forward(pc);
    return Status.Ok;
  }
  const w = Record.u32(pc, PoolField.W);
  const channels = Record.u32(pc, PoolField.C);
  const outW = Record.u32(pc, PoolField.OW);
  const outH = Record.u32(pc, PoolField.OH);
  const average = Record.u32(pc, PoolField.Fn) === PoolFn.Average;
  const bound = f32x4.splat(Record.u32(pc, PoolField.Relu) ? 0 : -Infinity);
  const dilationY = Record.u32(pc, PoolField.DilationY);
  const dilationX = Record.u32(pc, PoolField.DilationX);
  const pixel = channels << 2;
  // Four channels at a time, or one where there are fewer.
  const whole = channels >= 4;
  const lanes: u32 = whole ? 4 : 1;
  const stepX = dilationX * pixel;
  const stepY = dilationY * w * pixel;
  let out = Record.ptr(pc, PoolField.Out);
  let image = Record.ptr(pc, PoolField.A);
  for (let n = Record.u32(pc, PoolField.N); n; --n) {
    for (let oy: u32 = 0; oy < outH; ++oy) {
      const y = Window.start(pc, oy, PoolField.StrideY, PoolField.PadTop);
      const top = Window.first(y, dilationY);
      const rows = Window.end(y, dilationY, Record.u32(pc, PoolField.KH), Record.u32(pc, PoolField.H)) - top;
      for (let ox: u32 = 0; ox < outW; ++ox) {
        const x = Window.start(pc, ox, PoolField.StrideX, PoolField.PadLeft);
        const left = Window.first(x, dilationX);
        const columns = Window.end(x, dilationX, Record.u32(pc, PoolField.KW), w) - left;
        const from = image + <usize>((y + top * dilationY) * <i32>w + x + left * dilationX) * pixel;
        const scale = average ? Window.scale(pc, y, x, rows, columns) : <f32>1;
        for (let c: u32 = 0; c < channels; c += lanes) {
          // The last lanes overlap those before: the same channels get the same bits again.
          c = min(c, channels - lanes);
          let value = average ? f32x4.splat(0) : bound;
          let row = from + (c << 2);
          for (let ky = rows; ky > 0; --ky) {
            let p = row;
            for (let kx = columns; kx > 0; --kx) {
              const v = whole ? v128.load(p) : v128.load32_zero(p);
              value = average ? f32x4.add(value, v) : Largest.of(value, v);
              p += stepX;
            }
            row += stepY;
          }
          if (average) value = f32x4.div(value, f32x4.splat(scale));
          if (whole) v128.store(out + (c << 2), value);
          else v128.store32_lane(out + (c << 2), value, 0);
        }
        out += pixel;
      }
    }
    image += Record.u32(pc, PoolField.H) * w * pixel;
  }
  return Status.Ok;
}
