/**
 * Sums over the rows of each channel, of values that need the channel's statistics. Place: a kernel of the tape.
 * Blocks of rows are read once from memory and then, strip by strip of columns, from the cache.
 * Invariant: the order of each sum is that of `Sum.columns`; a channel's bits do not depend on the channels beside it.
 */
import { Status } from "../../../src/abi";
import { ChannelFn, ChannelSumField } from "../../../src/abi-normalize";
import { Record } from "../../tape/record";

// Rows that are summed in f32.
const ROWS: u32 = 256;

export function channelSum(pc: usize): u32 {
  const channels = Record.u32(pc, ChannelSumField.Channels);
  const work = Record.ptr(pc, ChannelSumField.Work);
  memory.fill(work, 0, (<usize>channels) << 3);
  const blockBytes = (<usize>channels * ROWS) << 2;
  let x = Record.ptr(pc, ChannelSumField.X);
  let dy = Record.ptr(pc, ChannelSumField.Dy);
  const product = Record.u32(pc, ChannelSumField.Fn) === ChannelFn.Product;
  const all = Record.u32(pc, ChannelSumField.Rows);
  for (let left = all; left; ) {
    const rows = min(left, ROWS);
    if (product) ChannelSum.block(true, pc, x, dy, rows, channels);
    else ChannelSum.block(false, pc, x, 0, rows, channels);
    x += blockBytes;
    dy += blockBytes;
    left -= rows;
  }
  const out = Record.ptr(pc, ChannelSumField.Out);
  const divisor: f64 = product ? 1 : <f64>all;
  for (let c: usize = 0; c < channels; ++c)
    store<f32>(out + (c << 2), <f32>(load<f64>(work + (c << 3)) / divisor));
  return Status.Ok;
}

class ChannelSum {
  @inline
  static block(product: bool, pc: usize, x: usize, dy: usize, rows: u32, channels: u32): void {
    const rowBytes = (<usize>channels) << 2;
    let mean = Record.ptr(pc, ChannelSumField.Mean);
    let rstd = Record.ptr(pc, ChannelSumField.Rstd);
    let work = Record.ptr(pc, ChannelSumField.Work);
    let left = channels;
    for (; left >= 8; left -= 8) {
      const m0 = v128.load(mean);
      const m1 = v128.load(mean, 16);
      const r0 = product ? v128.load(rstd) : m0;
      const r1 = product ? v128.load(rstd, 16) : m0;
      let s0 = f32x4.splat(0);
      let s1 = s0;
      const end = x + rowBytes * rows;
      for (let at = x, d = dy; at !== end; at += rowBytes, d += rowBytes) {
        const d0 = product ? v128.load(d) : m0;
        const d1 = product ? v128.load(d, 16) : m0;
        s0 = f32x4.add(s0, ChannelSum.term(product, v128.load(at), m0, r0, d0));
        s1 = f32x4.add(s1, ChannelSum.term(product, v128.load(at, 16), m1, r1, d1));
      }
      ChannelSum.addUp(work, s0);
      ChannelSum.addUp(work + 32, s1);
      x += 32;
      dy += 32;
      mean += 32;
      rstd += 32;
      work += 64;
    }
    // A channel at a time is a vector with one lane in use.
    for (; left; --left) {
      const m0 = v128.load32_zero(mean);
      const r0 = product ? v128.load32_zero(rstd) : m0;
      let s0 = f32x4.splat(0);
      const end = x + rowBytes * rows;
      for (let at = x, d = dy; at !== end; at += rowBytes, d += rowBytes) {
        const d0 = product ? v128.load32_zero(d) : m0;
        s0 = f32x4.add(s0, ChannelSum.term(product, v128.load32_zero(at), m0, r0, d0));
      }
      store<f64>(work, load<f64>(work) + <f64>f32x4.extract_lane(s0, 0));
      x += 4;
      dy += 4;
      mean += 4;
      rstd += 4;
      work += 8;
    }
  }

  @inline
  static term(product: bool, x: v128, mean: v128, rstd: v128, dy: v128): v128 {
    const centred = f32x4.sub(x, mean);
    return product ? f32x4.mul(dy, f32x4.mul(centred, rstd)) : f32x4.mul(centred, centred);
  }

  @inline
  static addUp(work: usize, s: v128): void {
    v128.store(work, f64x2.add(v128.load(work), f64x2.promote_low_f32x4(s)));
    const high = f64x2.promote_low_f32x4(i32x4.shuffle(s, s, 2, 3, 2, 3));
    v128.store(work, f64x2.add(v128.load(work, 16), high), 16);
  }
}
