/**
 * Random shift, crop and flip: whole pixels move. Place: a kernel of the tape, in training only.
 * Invariant: where a row's pixels go depends on seed, step, stream and row alone; no value is changed.
 */
import { Status } from "../../../src/abi";
import { MoveField } from "../../../src/abi-augment";
import { Record } from "../../tape/record";
import { Draw } from "./draw";

// move: see MoveField   out and a: [Rows, …, Channels]; a may not alias out; overwrites out
export function move(pc: usize): u32 {
  const height = Record.u32(pc, MoveField.Height);
  const width = Record.u32(pc, MoveField.Width);
  const outHeight = Record.u32(pc, MoveField.OutHeight);
  const outWidth = Record.u32(pc, MoveField.OutWidth);
  const rows = Record.u32(pc, MoveField.Rows);
  const inverse = Record.u32(pc, MoveField.Inverse) !== 0;
  const rowBytes = (<usize>Record.u32(pc, MoveField.Channels)) << 2;
  const largeBytes = <usize>height * <usize>width * rowBytes;
  const smallBytes = <usize>outHeight * <usize>outWidth * rowBytes;
  let out = Record.ptr(pc, MoveField.Out);
  let a = Record.ptr(pc, MoveField.A);
  for (let n: u32 = 0; n < rows; ++n) {
    const words = Draw.row(n, Record.u32(pc, MoveField.Stream));
    const oy =
      <i32>Record.u32(pc, MoveField.MinY) + Draw.below(load<u32>(words), Record.u32(pc, MoveField.RangeY));
    const ox =
      <i32>Record.u32(pc, MoveField.MinX) +
      Draw.below(load<u32>(words, 16), Record.u32(pc, MoveField.RangeX));
    const flipX = Record.u32(pc, MoveField.FlipX) & (load<u32>(words, 32) >> 31);
    const flipY = Record.u32(pc, MoveField.FlipY) & (load<u32>(words, 48) >> 31);
    // column x of the small picture is column ox + x of the large one, or ox + outWidth − 1 − x where flipped
    if (inverse) {
      const fx = flipX ? ox + <i32>outWidth - 1 : -ox;
      const fy = flipY ? oy + <i32>outHeight - 1 : -oy;
      place(out, a, height, width, outHeight, outWidth, rowBytes, fy, fx, flipY, flipX, 0);
      out += largeBytes;
      a += smallBytes;
    } else {
      const fx = flipX ? ox + <i32>outWidth - 1 : ox;
      const fy = flipY ? oy + <i32>outHeight - 1 : oy;
      const fill = Record.f32(pc, MoveField.Fill);
      place(out, a, outHeight, outWidth, height, width, rowBytes, fy, fx, flipY, flipX, fill);
      out += smallBytes;
      a += largeBytes;
    }
  }
  return Status.Ok;
}

// out[y, x] = a[startY ± y, startX ± x] (− where flipped), or fill outside a
function place(
  out: usize,
  a: usize,
  outHeight: u32,
  outWidth: u32,
  height: u32,
  width: u32,
  pixelBytes: usize,
  startY: i32,
  startX: i32,
  flipY: u32,
  flipX: u32,
  fill: f32,
): void {
  const stepX: i32 = flipX ? -1 : 1;
  // the columns first … last − 1 of out come from inside a
  const first = clamp(flipX ? startX - <i32>width + 1 : -startX, <i32>outWidth);
  const last = max(first, clamp(flipX ? startX + 1 : <i32>width - startX, <i32>outWidth));
  const lineBytes = <usize>outWidth * pixelBytes;
  for (let y: i32 = 0; y < <i32>outHeight; ++y) {
    const sy = flipY ? startY - y : startY + y;
    const end = out + lineBytes;
    if (<u32>sy >= height || first === last) {
      flood(out, end, fill);
      out = end;
      continue;
    }
    const from = out + <usize>first * pixelBytes;
    const to = out + <usize>last * pixelBytes;
    const sx = startX + stepX * first;
    let source = a + (<usize>sy * <usize>width + <usize>sx) * pixelBytes;
    flood(out, from, fill);
    if (flipX) {
      for (out = from; out !== to; source -= pixelBytes) {
        for (let byte: usize = 0; byte < pixelBytes; byte += 4, out += 4) {
          store<f32>(out, load<f32>(source + byte));
        }
      }
    } else memory.copy(from, source, to - from);
    flood(to, end, fill);
    out = end;
  }
}

function clamp(value: i32, most: i32): i32 {
  return max(0, min(value, most));
}

function flood(from: usize, to: usize, value: f32): void {
  for (; from < to; from += 4) store<f32>(from, value);
}
