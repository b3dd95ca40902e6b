/**
 * Adam and AdamW over a block of parameters. Place: a kernel of the tape, after the guard.
 * Invariant: one pass; an element's bits do not depend on its place; the powers advance once a step.
 */
import { AdamField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { Flush } from "./flush";
import { rateOf } from "./sgd";

// m, and a weight that decays, below 2⁻¹⁰⁰ is 0, so that β1·m and step·m stay normal.
const TINY_M: f64 = 7.888609052210118e-31;
// (1 − β2)·tiny²: the least that enters v, so that neither it nor β2·v is ever denormal
const LEAST_SQUARE: f64 = 1.2037062152420224e-35;

enum Scalar {
  Beta1,
  Rest1,
  Beta2,
  Rest2,
  /** rate / (1 − β1ᵗ) */
  Step,
  /** 1 / √(1 − β2ᵗ) */
  Unbias,
  Epsilon,
  /** |g| below it counts as 0 in m and as itself in v */
  Tiny,
  /** m below it is 0; in the table because V8 makes a constant anew in each iteration */
  TinyM,
  /** AdamW: 1 − rate·decay; else decay */
  Decay,
  Count,
}

const TAIL = memory.data(64, 16);
// the step's scalars, four copies each: see Scalar
const SCALARS = memory.data(Scalar.Count << 4, 16);

class Scalars {
  @inline
  static put(place: i32, value: f64): void {
    v128.store(SCALARS + ((<usize>place) << 4), f32x4.splat(<f32>value));
  }

  @inline
  static load(place: i32): v128 {
    return v128.load(SCALARS + ((<usize>place) << 4));
  }
}

// adam: m = β1·m + (1−β1)g, v = β2·v + (1−β2)g², w −= step·m / (√v·unbias + ε)   all [n]; updates w, m, v, powers
export function adam(pc: usize): u32 {
  const w = Record.ptr(pc, AdamField.W);
  const g = Record.ptr(pc, AdamField.G);
  const m = Record.ptr(pc, AdamField.M);
  const v = Record.ptr(pc, AdamField.V);
  const n = Record.u32(pc, AdamField.N);
  const decoupled = Record.u32(pc, AdamField.Decoupled) !== 0;
  const decay: f64 = Record.f32(pc, AdamField.WeightDecay);
  const beta1 = Record.f64(pc, AdamField.Beta1Low);
  const beta2 = Record.f64(pc, AdamField.Beta2Low);
  const rate: f64 = rateOf(Record.u32(pc, AdamField.Group));
  const powers = Record.ptr(pc, AdamField.Powers);
  if (Record.u32(pc, AdamField.Advance)) {
    store<f64>(powers, load<f64>(powers) * beta1);
    store<f64>(powers, load<f64>(powers, 8) * beta2, 8);
  }
  const power1 = load<f64>(powers);
  const power2 = load<f64>(powers, 8);
  Scalars.put(Scalar.Beta1, beta1);
  Scalars.put(Scalar.Rest1, 1 - beta1);
  Scalars.put(Scalar.Beta2, beta2);
  Scalars.put(Scalar.Rest2, 1 - beta2);
  Scalars.put(Scalar.Step, rate / (1 - power1));
  Scalars.put(Scalar.Unbias, 1 / sqrt(1 - power2));
  Scalars.put(Scalar.Epsilon, Record.f32(pc, AdamField.Epsilon));
  Scalars.put(Scalar.Tiny, min(sqrt(LEAST_SQUARE / (1 - beta2)), 1e-12));
  Scalars.put(Scalar.TinyM, TINY_M);
  Scalars.put(Scalar.Decay, decoupled ? 1 - rate * decay : decay);

  const bytes = (<usize>n & ~3) << 2;
  const rest = n & 3;
  if (rest) {
    v128.store(TAIL, Lanes.loadTail(w + bytes, rest));
    v128.store(TAIL, Lanes.loadTail(g + bytes, rest), 16);
    v128.store(TAIL, Lanes.loadTail(m + bytes, rest), 32);
    v128.store(TAIL, Lanes.loadTail(v + bytes, rest), 48);
  }
  if (decay === 0) {
    if (bytes) plain(w, g, m, v, w + bytes);
    if (rest) plain(TAIL, TAIL + 16, TAIL + 32, TAIL + 48, TAIL + 16);
  } else {
    if (bytes) decayed(w, g, m, v, w + bytes, decoupled);
    if (rest) decayed(TAIL, TAIL + 16, TAIL + 32, TAIL + 48, TAIL + 16, decoupled);
  }
  if (rest) {
    Lanes.storeTail(w + bytes, v128.load(TAIL), rest);
    Lanes.storeTail(m + bytes, v128.load(TAIL, 32), rest);
    Lanes.storeTail(v + bytes, v128.load(TAIL, 48), rest);
  }
  return Status.Ok;
}

function plain(w: usize, g: usize, m: usize, v: usize, end: usize): void {
  Adam.pass(false, w, g, m, v, end, false);
}

function decayed(w: usize, g: usize, m: usize, v: usize, end: usize, decoupled: bool): void {
  Adam.pass(true, w, g, m, v, end, decoupled);
}

class Adam {
  @inline
  static pass(decays: bool, w: usize, g: usize, m: usize, v: usize, end: usize, decoupled: bool): void {
    const tiny = Scalars.load(Scalar.Tiny);
    const tinyM = Scalars.load(Scalar.TinyM);
    const beta1 = Scalars.load(Scalar.Beta1);
    const rest1 = Scalars.load(Scalar.Rest1);
    const beta2 = Scalars.load(Scalar.Beta2);
    const rest2 = Scalars.load(Scalar.Rest2);
    const step = Scalars.load(Scalar.Step);
    const unbias = Scalars.load(Scalar.Unbias);
    const epsilon = Scalars.load(Scalar.Epsilon);
    do {
      let weight = v128.load(w);
      let dw = v128.load(g);
      if (decays) {
        const decay = Scalars.load(Scalar.Decay);
        if (decoupled) weight = f32x4.mul(weight, decay);
        else dw = f32x4.add(dw, f32x4.mul(weight, decay));
      }
      const size = f32x4.abs(dw);
      dw = v128.andnot(dw, f32x4.lt(size, tiny));
      const first = Flush.below(f32x4.add(f32x4.mul(beta1, v128.load(m)), f32x4.mul(rest1, dw)), tinyM);
      v128.store(m, first);
      const floored = f32x4.pmax(size, tiny);
      const square = f32x4.mul(f32x4.mul(rest2, floored), floored);
      const second = f32x4.add(f32x4.mul(beta2, v128.load(v)), square);
      v128.store(v, second);
      const scale = f32x4.add(f32x4.mul(f32x4.sqrt(second), unbias), epsilon);
      weight = f32x4.sub(weight, f32x4.div(f32x4.mul(step, first), scale));
      // Only decay draws weights so near to 0.
      v128.store(w, decays ? Flush.below(weight, tinyM) : weight);
      w += 16;
      g += 16;
      m += 16;
      v += 16;
    } while (w !== end);
  }
}
