/**
 * The gradient of a normalization with respect to its input. Place: a kernel of the tape.
 * Invariant: an element's bits do not depend on its place.
 */
import { Status } from "../../../src/abi";
import { NormalizeGradField } from "../../../src/abi-normalize";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

export function normalizeGrad(pc: usize): u32 {
  const channels = Record.u32(pc, NormalizeGradField.Channels);
  const whole = (<usize>channels & ~3) << 2;
  const rest = channels & 3;
  const rowBytes = (<usize>channels) << 2;
  let out = Record.ptr(pc, NormalizeGradField.Out);
  let x = Record.ptr(pc, NormalizeGradField.X);
  let dy = Record.ptr(pc, NormalizeGradField.Dy);
  const rows = Record.u32(pc, NormalizeGradField.Rows);
  const share = f32x4.splat(1 / <f32>rows);
  for (let left = rows; left; --left) {
    for (let c: usize = 0; c !== whole; c += 16)
      v128.store(out + c, NormalizeGrad.vector(pc, c, 0, v128.load(dy + c), v128.load(x + c), share));
    if (rest) {
      const d = Lanes.loadTail(dy + whole, rest);
      const a = Lanes.loadTail(x + whole, rest);
      Lanes.storeTail(out + whole, NormalizeGrad.vector(pc, whole, rest, d, a, share), rest);
    }
    x += rowBytes;
    dy += rowBytes;
    out += rowBytes;
  }
  return Status.Ok;
}

class NormalizeGrad {
  // `rest` is 0 for whole vectors
  @inline
  static vector(pc: usize, c: usize, rest: u32, dy: v128, x: v128, share: v128): v128 {
    const rstd = NormalizeGrad.load(pc, NormalizeGradField.Rstd, c, rest);
    let scale = rstd;
    if (Record.ptr(pc, NormalizeGradField.Gamma))
      scale = f32x4.mul(rstd, NormalizeGrad.load(pc, NormalizeGradField.Gamma, c, rest));
    if (Record.ptr(pc, NormalizeGradField.Sum)) {
      const sum = f32x4.mul(NormalizeGrad.load(pc, NormalizeGradField.Sum, c, rest), share);
      const product = f32x4.mul(NormalizeGrad.load(pc, NormalizeGradField.Product, c, rest), share);
      const mean = NormalizeGrad.load(pc, NormalizeGradField.Mean, c, rest);
      const normal = f32x4.mul(f32x4.sub(x, mean), rstd);
      dy = f32x4.sub(f32x4.sub(dy, sum), f32x4.mul(normal, product));
    }
    return f32x4.mul(dy, scale);
  }

  @inline
  static load(pc: usize, field: i32, c: usize, rest: u32): v128 {
    const at = Record.ptr(pc, field) + c;
    return rest ? Lanes.loadTail(at, rest) : v128.load(at);
  }
}
