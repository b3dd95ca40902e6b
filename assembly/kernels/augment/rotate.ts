/**
 * Random rotation about the centre, bilinear. Place: a kernel of the tape, in training only.
 * Invariant: the angle of a row depends on seed, step, stream and row alone.
 */
import { Status } from "../../../src/abi";
import { RotateField } from "../../../src/abi-augment";
import { Trigonometric } from "../../math/trigonometric";
import { Record } from "../../tape/record";
import { Draw } from "./draw";

const TWO_PI: f32 = 6.2831853071795864769;

class Sample {
  /** p where share is 0, q where it is 1 */
  @inline
  static mix(p: f32, q: f32, share: f32): f32 {
    return p * (1 - share) + q * share;
  }
}

// rotate: see RotateField   out, a: [Rows, Height, Width, Channels]; a may not alias out; overwrites out
export function rotate(pc: usize): u32 {
  const rows = Record.u32(pc, RotateField.Rows);
  const height = Record.u32(pc, RotateField.Height);
  const width = Record.u32(pc, RotateField.Width);
  const channels = Record.u32(pc, RotateField.Channels);
  const turns = Record.f32(pc, RotateField.Turns);
  const stream = Record.u32(pc, RotateField.Stream);
  const imageBytes = (<usize>height * <usize>width * <usize>channels) << 2;
  let out = Record.ptr(pc, RotateField.Out);
  let a = Record.ptr(pc, RotateField.A);
  for (let n: u32 = 0; n < rows; ++n, out += imageBytes, a += imageBytes) {
    const drawn = Draw.centred(load<u32>(Draw.row(n, stream)));
    const angle = f32x4.splat(turns * drawn * TWO_PI);
    const sine = f32x4.extract_lane(Trigonometric.sine(angle, 0), 0);
    const cosine = f32x4.extract_lane(Trigonometric.sine(angle, 1), 0);
    turn(pc, out, a, sine, cosine);
  }
  return Status.Ok;
}

// one picture
function turn(pc: usize, out: usize, a: usize, sine: f32, cosine: f32): void {
  const height = <i32>Record.u32(pc, RotateField.Height);
  const width = <i32>Record.u32(pc, RotateField.Width);
  const fill = Record.f32(pc, RotateField.Fill);
  const pixelBytes = (<usize>Record.u32(pc, RotateField.Channels)) << 2;
  const lineBytes = <usize>width * pixelBytes;
  const cy: f32 = <f32>(height - 1) * 0.5;
  const cx: f32 = <f32>(width - 1) * 0.5;
  for (let y = 0; y < height; ++y) {
    const fromY = <f32>y - cy;
    for (let x = 0; x < width; ++x) {
      const fromX = <f32>x - cx;
      const sy = cy + (cosine * fromY - sine * fromX);
      const sx = cx + (sine * fromY + cosine * fromX);
      const top = floor<f32>(sy);
      const left = floor<f32>(sx);
      const dy = sy - top;
      const dx = sx - left;
      const iy = <i32>top;
      const ix = <i32>left;
      const source = a + <usize>iy * lineBytes + <usize>ix * pixelBytes;
      if (iy >= 0 && iy < height - 1 && ix >= 0 && ix < width - 1) {
        for (let byte: usize = 0; byte < pixelBytes; byte += 4, out += 4) {
          const at = source + byte;
          const upper = Sample.mix(load<f32>(at), load<f32>(at + pixelBytes), dx);
          const lower = Sample.mix(load<f32>(at + lineBytes), load<f32>(at + lineBytes + pixelBytes), dx);
          store<f32>(out, Sample.mix(upper, lower, dy));
        }
      } else {
        const up = <u32>iy < <u32>height;
        const down = <u32>(iy + 1) < <u32>height;
        const west = <u32>ix < <u32>width;
        const east = <u32>(ix + 1) < <u32>width;
        for (let byte: usize = 0; byte < pixelBytes; byte += 4, out += 4) {
          const at = source + byte;
          const p = up && west ? load<f32>(at) : fill;
          const q = up && east ? load<f32>(at + pixelBytes) : fill;
          const r = down && west ? load<f32>(at + lineBytes) : fill;
          const s = down && east ? load<f32>(at + lineBytes + pixelBytes) : fill;
          store<f32>(out, Sample.mix(Sample.mix(p, q, dx), Sample.mix(r, s, dx), dy));
        }
      }
    }
  }
}
