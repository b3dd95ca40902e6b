/**
 * Guard, ClipNorm, Sgd, Adam, Report and the run loop.
 * Invariant proved here: updates follow the formulas of src/abi.ts in f64 to rounding, at every tail, denormals cost
 * nothing, and a failed step advances no counter.
 */
import { describe, expect, it } from "vitest";
import { AdamField, BinaryFn, Op, SgdField, Status, Uniform } from "../../src/abi.ts";
import { f32, f64, firstDifference, record, TapeCore, variants } from "./tape-core.ts";

let seed = 23;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 8) / 2 ** 24;
}
const numbers = (n: number, scale = 2): Float32Array =>
  Float32Array.from({ length: n }, () => (random() - 0.5) * scale);

function close(got: ArrayLike<number>, want: ArrayLike<number>, relative: number, absolute: number): void {
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs((got[i] as number) - (want[i] as number));
    if (!(error <= absolute + relative * Math.abs(want[i] as number)))
      expect.fail(`[${i}]: ${got[i]} instead of ${want[i]}`);
  }
}

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  function rates(...values: number[]): void {
    core.uniform(Uniform.Rates, core.floats(values));
    core.uniform(Uniform.RateGroups, 2);
  }

  it("guard finds the entry with a NaN or ∞ at every place", () => {
    for (let n = 1; n <= 67; n++) {
      core.reset();
      const good = core.floats(
        numbers(n, 1e38)
          .fill(3.4e38, 0, 1)
          .fill(1e-45, n - 1),
      );
      const x = core.floats(numbers(n));
      const guard = record(Op.Guard, 3, good, n, good, 0, x, n);
      core.ok(guard);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const at = (x >> 2) + Math.floor(random() * n);
        const kept = core.f32[at] as number;
        core.f32[at] = bad;
        expect(core.run([guard])).toBe(Status.NotFinite);
        expect(core.uniform(Uniform.Detail)).toBe(2);
        core.f32[at] = kept;
      }
      // the guard words around it are NaN, so reading too far would fail here
      core.ok(guard);
    }
  });

  it("clips by the global norm as PyTorch does", () => {
    for (let n = 0; n <= 67; n++) {
      for (const scale of [1e-25, 1, 1e25]) {
        const x = numbers(n, scale);
        core.reset();
        const at = core.floats(x);
        const limit = Math.fround(0.7 * scale);
        core.ok(record(Op.ClipNorm, at, n, f32(limit)));
        const norm = Math.sqrt(x.reduce((s, v) => s + v * v, 0));
        const factor = Math.min(1, limit / (norm + 1e-6));
        close(
          core.readFloats(at, n),
          x.map((v) => v * factor),
          3e-7,
          0,
        );
      }
    }
  });

  it.each([
    ["plain", 0, 0, 0],
    ["weight decay", 0, 0, 0.1],
    ["momentum", 0.9, 0, 0],
    ["Nesterov and weight decay", 0.8, 1, 0.05],
  ])("sgd: %s", (_name, momentum, nesterov, decay) => {
    for (let n = 0; n <= 67; n++) {
      core.reset();
      rates(9, 0.5, 9, 0.25);
      const weights = numbers(n);
      const w = core.floats(weights);
      const v = momentum ? core.floats(new Float32Array(n)) : 0;
      const gradients = numbers(n);
      const g = core.floats(gradients);
      const rec = record(Op.Sgd, w, g, v, n, 1, f32(momentum), nesterov, f32(decay));
      expect(rec.length).toBe(SgdField.Count);
      expect(core.run([rec], { steps: 2 })).toBe(Status.Ok);
      const want = [...weights];
      const velocity = Array<number>(n).fill(0);
      for (const rate of [0.5, 0.25])
        for (let i = 0; i < n; i++) {
          let d = (gradients[i] as number) + decay * (want[i] as number);
          velocity[i] = momentum * (velocity[i] as number) + d;
          if (momentum) d = nesterov ? d + momentum * (velocity[i] as number) : (velocity[i] as number);
          want[i] = (want[i] as number) - rate * d;
        }
      close(core.readFloats(w, n), want, 1e-6, 2e-7);
      expect(firstDifference(core.readFloats(g, n), gradients)).toBe(-1);
    }
  });

  function adamRecord(
    w: number,
    g: number,
    m: number,
    v: number,
    n: number,
    decay: number,
    decoupled: number,
    powers: number,
    advance = 1,
  ): number[] {
    return record(
      Op.Adam,
      w,
      g,
      m,
      v,
      n,
      0,
      ...f64(0.9),
      ...f64(0.999),
      f32(1e-8),
      f32(decay),
      decoupled,
      powers,
      advance,
    );
  }

  it.each([
    ["Adam", 0, 0],
    ["with weight decay", 0.1, 0],
    ["AdamW", 0.1, 1],
  ])("adam: %s", (_name, decay, decoupled) => {
    for (let n = 0; n <= 67; n++) {
      core.reset();
      rates(0.01, 9, 0.02, 9, 0.03, 9);
      const weights = numbers(n);
      const gradients = numbers(n).map((x) => x * 10 ** Math.round(random() * 6 - 3));
      const [w, g] = [core.floats(weights), core.floats(gradients)];
      const [m, v] = [core.floats(new Float32Array(n)), core.floats(new Float32Array(n))];
      const powers = core.doubles([1, 1]);
      const rec = adamRecord(w, g, m, v, n, decay, decoupled, powers);
      expect(rec.length).toBe(AdamField.Count);
      expect(core.run([rec], { steps: 3 })).toBe(Status.Ok);
      expect([core.f64[powers >> 3], core.f64[(powers >> 3) + 1]]).toEqual([
        0.9 * 0.9 * 0.9,
        0.999 * 0.999 * 0.999,
      ]);
      const want = [...weights];
      for (let i = 0; i < n; i++) {
        let [first, second] = [0, 0];
        for (let t = 1; t <= 3; t++) {
          const rate = 0.01 * t;
          let d = gradients[i] as number;
          if (decoupled) want[i] = (want[i] as number) * (1 - rate * decay);
          else d += decay * (want[i] as number);
          first = 0.9 * first + 0.1 * d;
          second = 0.999 * second + 0.001 * d * d;
          want[i] =
            (want[i] as number) -
            ((rate / (1 - 0.9 ** t)) * first) / (Math.sqrt(second) / Math.sqrt(1 - 0.999 ** t) + 1e-8);
        }
      }
      close(core.readFloats(w, n), want, 1e-6, 3e-7);
    }
  });

  it("adam: several groups share the powers of a step", () => {
    core.reset();
    rates(0.01, 9, 0.01, 9);
    const n = 5;
    const weights = numbers(n);
    const gradients = numbers(n);
    const tensors = [0, 1].map(() =>
      [weights, gradients, new Float32Array(n), new Float32Array(n)].map((x) => core.floats(x)),
    );
    const powers = core.doubles([1, 1]);
    const records = tensors.map(([w = 0, g = 0, m = 0, v = 0], i) =>
      adamRecord(w, g, m, v, n, 0, 0, powers, i === 0 ? 1 : 0),
    );
    expect(core.run(records, { steps: 2 })).toBe(Status.Ok);
    expect(core.f64[powers >> 3]).toBe(0.9 * 0.9);
    const [first, second] = tensors.map(([w = 0]) => core.readFloats(w, n));
    expect(firstDifference(first as Float32Array, second as Float32Array)).toBe(-1);
    expect(firstDifference(first as Float32Array, weights)).toBe(0);
  });

  it("leaves no denormal in optimizer state, whatever the gradients", () => {
    const n = 64;
    core.reset();
    core.uniform(Uniform.Rates, core.floats(new Float32Array(4000).fill(0.001)));
    core.uniform(Uniform.RateGroups, 1);
    const [w, v1] = [core.floats(numbers(n)), core.floats(new Float32Array(n))];
    const [m, v] = [core.floats(new Float32Array(n)), core.floats(new Float32Array(n))];
    const g = core.floats(Float32Array.from({ length: n }, (_, i) => 10 ** -i));
    const powers = core.doubles([1, 1]);
    const records = [
      record(Op.Sgd, w, g, v1, n, 0, f32(0.9), 0, f32(0)),
      adamRecord(w, g, m, v, n, 0, 0, powers),
    ];
    const denormals = (at: number): number[] =>
      [...core.readFloats(at, n)].filter((x) => x !== 0 && Math.abs(x) < 1.18e-38);
    for (let round = 0; round < 40; round++) {
      if (round === 1) core.f32.fill(0, g >> 2, (g >> 2) + n);
      expect(core.run(records, { steps: 100 })).toBe(Status.Ok);
      for (const at of [m, v, v1]) expect(denormals(at)).toEqual([]);
    }
    expect([...core.readFloats(w, n)].every(Number.isFinite)).toBe(true);
  });

  it("the run loop advances step, call step and cursor, and reports by call step", () => {
    core.reset();
    core.uniform(Uniform.StepLow, 0xffffffff);
    core.uniform(Uniform.StepHigh, 4);
    core.uniform(Uniform.Cursor, 10);
    core.uniform(Uniform.CursorEnd, 110);
    const reports = core.floats(3 * 2);
    core.uniform(Uniform.Reports, reports);
    core.uniform(Uniform.ReportWidth, 2);
    const x = core.floats([1]);
    const double = record(Op.Binary, x, x, x, BinaryFn.Add, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
    expect(core.run([double, record(Op.Report, x, 1)], { steps: 3, rows: 32 })).toBe(Status.Ok);
    expect([1, 3, 5].map((i) => core.f32[(reports >> 2) + i])).toEqual([2, 4, 8]);
    expect(core.uniform(Uniform.StepLow)).toBe(2);
    expect(core.uniform(Uniform.StepHigh)).toBe(5);
    expect(core.uniform(Uniform.CallStep)).toBe(3);
    expect(core.uniform(Uniform.Cursor)).toBe(10 + 96);
    // a new call counts from 0; the cursor goes back to 0 at its end
    expect(core.run([record(Op.Report, x, 0)], { steps: 1, rows: 4 })).toBe(Status.Ok);
    expect(core.f32[reports >> 2]).toBe(8);
    expect(core.uniform(Uniform.Cursor)).toBe(0);
  });

  it("a failing step names its record and advances nothing", () => {
    core.reset();
    core.uniform(Uniform.Cursor, 10);
    core.uniform(Uniform.CursorEnd, 1000);
    const x = core.floats([1e38]);
    const grow = record(Op.Binary, x, x, x, BinaryFn.Add, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
    const tape = core.tape([grow, record(Op.Guard, 1, x, 1), record(Op.Fill, x, 1, f32(7))], 5);
    // 2e38 passes and is overwritten by 7, 14 passes, …
    expect(core.exports.run(tape, core.uniforms, 2)).toBe(Status.Ok);
    core.f32[x >> 2] = 2e38;
    expect(core.exports.run(tape, core.uniforms, 4)).toBe(Status.NotFinite);
    expect(core.uniform(Uniform.Fault)).toBe(tape + grow.length * 4);
    expect(core.uniform(Uniform.StepLow)).toBe(2);
    expect(core.uniform(Uniform.CallStep)).toBe(0);
    expect(core.uniform(Uniform.Cursor)).toBe(20);
    expect(core.f32[x >> 2]).toBe(Number.POSITIVE_INFINITY);
    expect(core.run([[Op.Count, 8]])).toBe(Status.UnknownOp);
    expect(core.run([[0xffffffff, 8]])).toBe(Status.UnknownOp);
    expect(core.run([], { steps: 0 })).toBe(Status.Ok);
  });
});
