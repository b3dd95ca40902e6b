/**
 * Which part of a pooling window lies inside the image, along one axis, and what an average divides by.
 * Place: below pool.ts and pool-grad.ts. Invariant: positions are signed, since padding lies before 0.
 */
import { PoolField } from "../../../src/abi-image";
import { Record } from "../../tape/record";

export class Window {
  /** Position of output o's first tap. */
  // @ts-expect-error: decorator
  @inline
  static start(pc: usize, o: u32, stride: i32, pad: i32): i32 {
    return <i32>(o * Record.u32(pc, stride) - Record.u32(pc, pad));
  }

  /** First tap that is not before the image. */
  // @ts-expect-error: decorator
  @inline
  static first(start: i32, dilation: i32): i32 {
    return start < 0 ? (dilation - 1 - start) / dilation : 0;
  }

  /** Taps up to the image's end; may be less than first. */
  // @ts-expect-error: decorator
  @inline
  static end(start: i32, dilation: i32, taps: i32, size: i32): i32 {
    if (start >= size) return 0;
    const inside = size - start;
    return min(taps, dilation === 1 ? inside : (inside + dilation - 1) / dilation);
  }

  /** What the sum of a window of rows × columns elements inside the image is divided by. */
  static scale(pc: usize, y: i32, x: i32, rows: i32, columns: i32): f32 {
    const divisor = Record.u32(pc, PoolField.Divisor);
    if (divisor) return <f32>divisor;
    if (Record.u32(pc, PoolField.IncludePad)) {
      const bottom = Record.u32(pc, PoolField.H) + Record.u32(pc, PoolField.PadBottom);
      const right = Record.u32(pc, PoolField.W) + Record.u32(pc, PoolField.PadRight);
      rows = Window.end(y, Record.u32(pc, PoolField.DilationY), Record.u32(pc, PoolField.KH), bottom);
      columns = Window.end(x, Record.u32(pc, PoolField.DilationX), Record.u32(pc, PoolField.KW), right);
    }
    return <f32>max(1, max(0, rows) * max(0, columns));
  }
}
