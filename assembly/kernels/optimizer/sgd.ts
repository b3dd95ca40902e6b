/**
 * Stochastic gradient descent over a block of parameters. Place: a kernel of the tape, after the guard.
 * Invariant: one pass; an element's bits do not depend on its place.
 */
import { SgdField, Status, Uniform } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record, Uniforms } from "../../tape/record";
import { Flush } from "./flush";

// 2⁻¹⁰⁰: g, velocity, and weights that decay are 0 below it, so that rate·g and w·x stay normal
export const TINY: f32 = 7.888609052210118e-31;

const TAIL = memory.data(48, 16);

/** Rate of a parameter group in this step. */
export function rateOf(group: u32): f32 {
  const place = Uniforms.u32(Uniform.CallStep) * Uniforms.u32(Uniform.RateGroups) + group;
  return load<f32>(<usize>Uniforms.u32(Uniform.Rates) + ((<usize>place) << 2));
}

// sgd: g += decay·w; v = momentum·v + g; g = nesterov ? g + momentum·v : v; w −= rate·g   all [n]; updates w and v
export function sgd(pc: usize): u32 {
  const w = Record.ptr(pc, SgdField.W);
  const g = Record.ptr(pc, SgdField.G);
  const v = Record.ptr(pc, SgdField.Velocity);
  const n = Record.u32(pc, SgdField.N);
  const bytes = (<usize>n & ~3) << 2;
  const rate = rateOf(Record.u32(pc, SgdField.Group));
  if (bytes) pass(pc, w, g, v, w + bytes, rate);
  const rest = n & 3;
  if (rest) {
    v128.store(TAIL, Lanes.loadTail(w + bytes, rest));
    v128.store(TAIL, Lanes.loadTail(g + bytes, rest), 16);
    if (v) v128.store(TAIL, Lanes.loadTail(v + bytes, rest), 32);
    pass(pc, TAIL, TAIL + 16, v ? TAIL + 32 : 0, TAIL + 16, rate);
    Lanes.storeTail(w + bytes, v128.load(TAIL), rest);
    if (v) Lanes.storeTail(v + bytes, v128.load(TAIL, 32), rest);
  }
  return Status.Ok;
}

function pass(pc: usize, w: usize, g: usize, v: usize, end: usize, rate: f32): void {
  const weightDecay = Record.f32(pc, SgdField.WeightDecay);
  const decay = f32x4.splat(weightDecay);
  const tiny = f32x4.splat(TINY);
  const step = f32x4.splat(rate);
  if (!v && weightDecay === 0) {
    for (; w !== end; w += 16, g += 16) {
      const dw = Flush.below(v128.load(g), tiny);
      v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(step, dw)));
    }
    return;
  }
  if (!v) {
    for (; w !== end; w += 16, g += 16) {
      const weight = v128.load(w);
      const dw = f32x4.add(Flush.below(v128.load(g), tiny), f32x4.mul(decay, weight));
      v128.store(w, Flush.below(f32x4.sub(weight, f32x4.mul(step, dw)), tiny));
    }
    return;
  }
  // Only decay draws weights so near to 0.
  const least = f32x4.splat(weightDecay === 0 ? 0 : TINY);
  const momentum = f32x4.splat(Record.f32(pc, SgdField.Momentum));
  // what of the velocity and of the gradient makes up the step
  const nesterov = Record.u32(pc, SgdField.Nesterov) !== 0;
  const ofVelocity = nesterov ? momentum : f32x4.splat(1);
  const ofGradient = i32x4.splat(nesterov ? -1 : 0);
  for (; w !== end; w += 16, g += 16, v += 16) {
    const weight = v128.load(w);
    const dw = f32x4.add(Flush.below(v128.load(g), tiny), f32x4.mul(decay, weight));
    const velocity = Flush.below(f32x4.add(f32x4.mul(momentum, v128.load(v)), dw), tiny);
    v128.store(v, velocity);
    const whole = f32x4.add(v128.and(dw, ofGradient), f32x4.mul(velocity, ofVelocity));
    v128.store(w, Flush.below(f32x4.sub(weight, f32x4.mul(step, whole)), least));
  }
}
