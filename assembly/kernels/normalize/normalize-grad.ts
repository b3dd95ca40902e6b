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
  const mean = Record.ptr(pc, NormalizeGradField.Mean);
  const rstd = Record.ptr(pc, NormalizeGradField.Rstd);
  const gamma = Record.ptr(pc, NormalizeGradField.Gamma);
  const sum = Record.ptr(pc, NormalizeGradField.Sum);
  const product = Record.ptr(pc, NormalizeGradField.Product);
  let out = Record.ptr(pc, NormalizeGradField.Out);
  let x = Record.ptr(pc, NormalizeGradField.X);
  let dy = Record.ptr(pc, NormalizeGradField.Dy);
  const rows = Record.u32(pc, NormalizeGradField.Rows);
  const share = f32x4.splat(1 / <f32>rows);
  for (let left = rows; left; --left) {
    for (let c: usize = 0; c !== whole; c += 16)
      v128.store(out + c, NormalizeGrad.vector(x, dy, mean, rstd, gamma, sum, product, share, c, 0));
    if (rest) {
      const dx = NormalizeGrad.vector(x, dy, mean, rstd, gamma, sum, product, share, whole, rest);
      Lanes.storeTail(out + whole, dx, rest);
    }
    x += rowBytes;
    dy += rowBytes;
    out += rowBytes;
  }
  return Status.Ok;
}

class NormalizeGrad {
  // dx of the channels c bytes on; `rest` as in Lanes.load
  @inline
  static vector(
    x: usize,
    dy: usize,
    mean: usize,
    rstd: usize,
    gamma: usize,
    sum: usize,
    product: usize,
    share: v128,
    c: usize,
    rest: u32,
  ): v128 {
    const slope = Lanes.load(rstd + c, rest);
    let d = Lanes.load(dy + c, rest);
    if (sum) {
      const normal = f32x4.mul(f32x4.sub(Lanes.load(x + c, rest), Lanes.load(mean + c, rest)), slope);
      d = f32x4.sub(d, f32x4.mul(Lanes.load(sum + c, rest), share));
      d = f32x4.sub(d, f32x4.mul(normal, f32x4.mul(Lanes.load(product + c, rest), share)));
    }
    return f32x4.mul(d, gamma ? f32x4.mul(slope, Lanes.load(gamma + c, rest)) : slope);
  }
}
