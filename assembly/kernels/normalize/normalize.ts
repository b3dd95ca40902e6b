/**
 * Values brought to their channel's mean 0 and variance 1, scaled and shifted. Place: a kernel of the tape.
 * Invariant: an element's bits are those of the operations one after the other, wherever it stands.
 */
import { Status } from "../../../src/abi";
import { NormalizeField } from "../../../src/abi-normalize";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

export function normalize(pc: usize): u32 {
  const channels = Record.u32(pc, NormalizeField.Channels);
  const whole = (<usize>channels & ~3) << 2;
  const rest = channels & 3;
  let out = Record.ptr(pc, NormalizeField.Out);
  let x = Record.ptr(pc, NormalizeField.X);
  const mean = Record.ptr(pc, NormalizeField.Mean);
  const rstd = Record.ptr(pc, NormalizeField.Rstd);
  const gamma = Record.ptr(pc, NormalizeField.Gamma);
  const beta = Record.ptr(pc, NormalizeField.Beta);
  const low = f32x4.splat(Record.f32(pc, NormalizeField.Low));
  const high = f32x4.splat(Record.f32(pc, NormalizeField.High));
  for (let rows = Record.u32(pc, NormalizeField.Rows); rows; --rows) {
    for (let c: usize = 0; c !== whole; c += 16) {
      const y = Normalize.vector(x, mean, rstd, gamma, beta, c, 0);
      v128.store(out + c, f32x4.pmin(f32x4.pmax(y, low), high));
    }
    if (rest) {
      const y = Normalize.vector(x, mean, rstd, gamma, beta, whole, rest);
      Lanes.storeTail(out + whole, f32x4.pmin(f32x4.pmax(y, low), high), rest);
    }
    const rowBytes = (<usize>channels) << 2;
    x += rowBytes;
    out += rowBytes;
  }
  return Status.Ok;
}

class Normalize {
  // x̂·gamma + beta of the channels c bytes on; `rest` as in Lanes.load
  @inline
  static vector(x: usize, mean: usize, rstd: usize, gamma: usize, beta: usize, c: usize, rest: u32): v128 {
    const centred = f32x4.sub(Lanes.load(x + c, rest), Lanes.load(mean + c, rest));
    let y = f32x4.mul(centred, Lanes.load(rstd + c, rest));
    if (gamma) y = f32x4.mul(y, Lanes.load(gamma + c, rest));
    if (beta) y = f32x4.add(y, Lanes.load(beta + c, rest));
    return y;
  }
}
