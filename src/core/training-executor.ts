// What a trainer's program needs beside running tapes: first weights, rates, reports, staged data, sample weights.
//
// Place: between the pure pipeline and the trainer. Invariant: nothing here runs within a step, and random numbers
// come from the core's generator alone.

import { Op, RandomFn, Uniform } from "../abi.ts";
import type { Program } from "../compile.ts";
import { f32Bits } from "../graph/float-bits.ts";
import { distributionOf, fansOf } from "../initializers/initializers.ts";
import { fileShapeOf } from "../layers/definition.ts";
import type { ModelTensor } from "../model.ts";
import { refuseOver } from "../plan/plan.ts";
import { product } from "../shape.ts";
import { TRAINING_ENCODERS } from "../tape/training-encoders.ts";
import { TapeWriter } from "../tape/writer.ts";
import { Executor, permute } from "./executor.ts";
import type { CoreInstance } from "./instance.ts";

/** Streams of random numbers: what a counter is used for, in its top byte. */
export const STREAM = { parameter: 1 << 24, shuffle: 2 << 24 } as const;

export class TrainingExecutor extends Executor {
  /** Whether the sample weights in memory are all 1. */
  #uniformWeights = false;

  constructor(core: CoreInstance, program: Program, maxBytes: number) {
    super(core, program, maxBytes, TRAINING_ENCODERS);
    this.prepareSampleWeights(false);
  }

  /** Grows the memory for staged data; counted in `plan.bytes.staged`. */
  reserveStage(bytes: number): void {
    const { plan } = this.program;
    refuseOver(this.stageBase + bytes, this.maxBytes, plan.bytes);
    this.core.reserve(this.stageBase + bytes);
    plan.bytes.staged = Math.max(plan.bytes.staged, bytes);
    plan.bytes.total = this.stageBase + plan.bytes.staged;
  }

  /** Fills every tensor by its initializer, from the core's generator. */
  initialize(seed: number): void {
    const writer = new TapeWriter();
    this.program.tensors.forEach((tensor, index) => {
      const { address, bytes } = this.regionOf(tensor);
      const distribution = distributionOf(tensor.initializer, tensor.fans ?? fansOf(tensor.shape));
      if (distribution.kind === "constant") {
        this.core.f32.fill(distribution.value, address >> 2, (address + bytes) >> 2);
        return;
      }
      const fn = distribution.kind === "uniform" ? RandomFn.Uniform : RandomFn.Normal;
      const spread = [f32Bits(distribution.p), f32Bits(distribution.q)];
      writer.record(Op.Random, [address, bytes / 4, fn, ...spread, STREAM.parameter + index]);
    });
    this.setSeed(seed);
    this.runOnce(writer);
  }

  setSeed(seed: number): void {
    const at = this.program.plan.layout.uniforms >> 2;
    this.core.u32[at + Uniform.SeedLow] = seed >>> 0;
    this.core.u32[at + Uniform.SeedHigh] = Math.floor(seed / 2 ** 32) >>> 0;
  }

  /** A named tensor in the axis order of files, as a copy. */
  read(
    tensor: ModelTensor,
    address = this.regionOf(tensor).address,
  ): { shape: number[]; data: Float32Array } {
    const { shape, view = shape, fileAxes } = tensor;
    const raw = this.core.f32.slice(address >> 2, (address >> 2) + product(shape));
    return { shape: fileShapeOf(tensor), data: fileAxes ? permute(raw, view, fileAxes) : raw };
  }

  /** A reported scalar of a step of the last call. */
  report(step: number, slot: number): number {
    const { reports, reportWidth } = this.program.plan.layout;
    return this.core.f32[(reports >> 2) + step * reportWidth + slot]!;
  }

  /** Steps that the last call finished. */
  get callSteps(): number {
    return this.core.u32[(this.program.plan.layout.uniforms >> 2) + Uniform.CallStep]!;
  }

  /** Before a call: without sample weights of its own, every row counts once. */
  prepareSampleWeights(given: boolean): void {
    const { inputs } = this.program.plan.layout;
    const weights = inputs.get("sampleWeights");
    if (weights && !given && !this.#uniformWeights)
      this.core.f32.fill(1, weights.address >> 2, (weights.address + weights.bytes) >> 2);
    this.#uniformWeights = !given;
  }
}
