// Parameter groups against the f64 arithmetic of PyTorch's param_groups, and what they refuse.

import { describe, expect, test } from "vitest";

import { ConfigError } from "../../src/errors.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { rmsprop } from "../../src/optimizers/elementwise.ts";
import { parameterGroups } from "../../src/optimizers/groups.ts";
import { adam, adamw, type Optimizer, sgd } from "../../src/optimizers/optimizers.ts";
import { cosineDecay, reduceOnPlateau, stepDecay } from "../../src/schedules/schedules.ts";
import { numbers, testCore } from "../train/session.ts";
import { AdamTensor, batch, gradientOf, linear, weightsOf } from "./update-oracle.ts";

const close = (got: number[], expected: number[], tolerance = 3e-6) =>
  got.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance);
  });

describe("the arithmetic", () => {
  test.each([
    ["adam", adam, false],
    ["adamw", adamw, true],
  ] as const)("%s: weight and bias with their own rate and decay", (_, factory, decoupled) => {
    const trainer = linear(
      parameterGroups(factory, { learningRate: 0.02, weightDecay: 0.3 }, [
        { parameters: "bias", learningRate: 0.005, weightDecay: 0 },
      ]),
    );
    const w = weightsOf(trainer);
    const [weight, bias] = [new AdamTensor(), new AdamTensor()];
    for (let step = 0; step < 30; step++) {
      const rows = batch(step);
      const g = gradientOf(w, rows);
      weight.step(w["0.weight"]!, g["0.weight"]!, 0.02, 0.3, decoupled);
      bias.step(w["0.bias"]!, g["0.bias"]!, 0.005, 0, decoupled);
      trainer.step(rows.x, rows.y);
      const got = weightsOf(trainer);
      close(got["0.weight"]!, w["0.weight"]!);
      close(got["0.bias"]!, w["0.bias"]!);
    }
  });

  test("a multiplier scales the schedule, a rate of its own has its own schedule", () => {
    const optimizer = (group: object): Optimizer =>
      parameterGroups(sgd, { learningRate: stepDecay(0.1, { every: 3, factor: 0.5 }) }, [
        { parameters: "bias", ...group },
      ]);
    for (const [group, rateOf] of [
      [{ rateMultiplier: 0.2 }, (step: number) => 0.02 * 0.5 ** Math.floor(step / 3)],
      [
        { learningRate: stepDecay(0.3, { every: 2, factor: 0.1 }) },
        (s: number) => 0.3 * 0.1 ** Math.floor(s / 2),
      ],
    ] as const) {
      const trainer = linear(optimizer(group));
      const w = weightsOf(trainer);
      for (let step = 0; step < 10; step++) {
        const rows = batch(step);
        const g = gradientOf(w, rows);
        w["0.weight"]!.forEach((_, i) => {
          w["0.weight"]![i]! -= 0.1 * 0.5 ** Math.floor(step / 3) * g["0.weight"]![i]!;
        });
        w["0.bias"]!.forEach((_, i) => {
          w["0.bias"]![i]! -= rateOf(step) * g["0.bias"]![i]!;
        });
        trainer.step(rows.x, rows.y);
        close(weightsOf(trainer)["0.weight"]!, w["0.weight"]!);
        close(weightsOf(trainer)["0.bias"]!, w["0.bias"]!);
      }
    }
  });

  test("element-wise rules take their scalars from their own columns", () => {
    const trainer = linear(
      parameterGroups(rmsprop, { learningRate: 0.01 }, [
        { parameters: ["bias"], learningRate: 0.05, rho: 0.5 },
      ]),
    );
    const w = weightsOf(trainer);
    const v: { [name: string]: number[] } = { "0.weight": [], "0.bias": [] };
    for (let step = 0; step < 20; step++) {
      const rows = batch(step);
      const g = gradientOf(w, rows);
      for (const [name, rate, rho] of [
        ["0.weight", 0.01, 0.99],
        ["0.bias", 0.05, 0.5],
      ] as const)
        g[name]!.forEach((value, i) => {
          v[name]![i] = rho * (v[name]![i] ?? 0) + (1 - rho) * value * value;
          w[name]![i]! -= (rate * value) / (Math.sqrt(v[name]![i]!) + 1e-8);
        });
      trainer.step(rows.x, rows.y);
      close(weightsOf(trainer)["0.weight"]!, w["0.weight"]!, 2e-5);
      close(weightsOf(trainer)["0.bias"]!, w["0.bias"]!, 2e-5);
    }
  });
});

const three = sequential([3], [dense(4), dense(4, { activation: "tanh" }), dense(1)]);
const rows = { x: numbers(36), y: numbers(12, 5) };
const trainerOf = (optimizer: Optimizer, extra: object = {}) =>
  testCore().trainer(three, { loss: mse(), optimizer, batchSize: 4, ...extra });

describe("the groups", () => {
  test("equal settings give the bits of one group", () => {
    const plain = trainerOf(adam({ learningRate: 0.01 }));
    const grouped = trainerOf(parameterGroups(adam, { learningRate: 0.01 }, [{ layers: "1", beta1: 0.9 }]));
    for (let i = 0; i < 5; i++)
      for (const t of [plain, grouped]) t.step(rows.x.subarray(0, 12), rows.y.subarray(0, 4));
    expect(grouped.fingerprint()).toBe(plain.fingerprint());
  });

  test("frozen ones stay and cost no state; the bits are those of freeze", () => {
    const frozen = trainerOf(parameterGroups(adam, {}, [{ layers: "0", frozen: true }]));
    const freeze = trainerOf(adam(), { freeze: ["0"] });
    const before = frozen.getWeights()["0.weight"]!.data;
    for (const t of [frozen, freeze]) t.step(rows.x.subarray(0, 12), rows.y.subarray(0, 4));
    expect(frozen.getWeights()["0.weight"]!.data).toEqual(before);
    expect(frozen.fingerprint()).toBe(freeze.fingerprint());
    expect(frozen.plan.bytes.optimizer).toBe(freeze.plan.bytes.optimizer);
    expect(frozen.plan.trainableParameters).toBe(freeze.plan.trainableParameters);
  });

  test("the first that matches wins", () => {
    const a = trainerOf(
      parameterGroups(sgd, { learningRate: 0.1 }, [
        { layers: "2", rateMultiplier: 0 },
        { parameters: "*", rateMultiplier: 3 },
      ]),
    );
    const before = a.getWeights();
    a.step(rows.x.subarray(0, 12), rows.y.subarray(0, 4));
    expect(a.getWeights()["2.weight"]!.data).toEqual(before["2.weight"]!.data);
    expect(a.getWeights()["1.weight"]!.data).not.toEqual(before["1.weight"]!.data);
  });

  test("a checkpoint goes on bit for bit", async () => {
    const make = () =>
      trainerOf(
        parameterGroups(adamw, { learningRate: cosineDecay(0.05, { steps: 30 }) }, [
          { parameters: "bias", weightDecay: 0, rateMultiplier: 2 },
          { layers: "2*", learningRate: stepDecay(0.01, { every: 4 }) },
        ]),
      );
    const whole = make();
    await whole.fit(rows, { epochs: 6 });
    const first = make();
    await first.fit(rows, { epochs: 6, budget: { steps: 7 } });
    const second = testCore().resume(first.saveCheckpoint());
    await second.fit(rows, { epochs: 6 });
    expect(second.fingerprint()).toBe(whole.fingerprint());
  });
});

describe("refused", () => {
  const groups = (options: object, group: object) => () => parameterGroups(adam, options, [group]);
  test.each([
    ["neither layers nor parameters", groups({}, { weightDecay: 0 }), /needs layers or parameters/],
    ["two rates", groups({}, { layers: "0", learningRate: 1, rateMultiplier: 2 }), /both/],
    ["frozen with a rate", groups({}, { layers: "0", frozen: true, learningRate: 1 }), /contradict/],
    ["clipping in a group", groups({}, { layers: "0", clipNorm: 1 }), /cannot have clipNorm/],
    ["other betas", groups({}, { layers: "0", beta1: 0.5 }), /betas/],
    ["an unknown option", groups({}, { layers: "0", momentum: 0.5 }), /unknown option "momentum"/],
    ["a negative rate", groups({}, { layers: "0", learningRate: -1 }), /learningRate/],
    ["a multiplier that is NaN", groups({}, { layers: "0", rateMultiplier: Number.NaN }), /rateMultiplier/],
    ["an empty list", groups({}, { layers: [] }), /no usable layers/],
    ["its own plateau", groups({}, { layers: "0", learningRate: reduceOnPlateau(1) }), /reduceOnPlateau/],
    ["momentum from nothing", () => parameterGroups(sgd, {}, [{ layers: "0", momentum: 0.9 }]), /keeps/],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(message);
  });

  test("a pattern that matches nothing, and a group that others leave empty", () => {
    expect(() => trainerOf(parameterGroups(sgd, {}, [{ layers: "head*", rateMultiplier: 2 }]))).toThrow(
      /no layer with parameters matches "head\*"/,
    );
    expect(() =>
      trainerOf(
        parameterGroups(sgd, {}, [
          { layers: "0", rateMultiplier: 2 },
          { layers: "0", rateMultiplier: 3 },
        ]),
      ),
    ).toThrow(/groups\[1\] has no parameter/);
    expect(() => trainerOf(parameterGroups(sgd, {}, [{ parameters: "gamma", rateMultiplier: 2 }]))).toThrow(
      /groups\[0\] has no parameter/,
    );
  });
});
