// A program in a core's memory: writes its constants, keeps its tapes, runs them, reads and writes its tensors.
//
// Place: between the pure pipeline and predictors; training-executor.ts adds what trainers need. Invariant: a step is one call of `run`, and running it creates
// no object; tapes are encoded once per batch size and at most five are kept.

import { Op, Status, Uniform } from "../abi.ts";
import type { Program } from "../compile.ts";
import { CoreError } from "../errors.ts";
import type { AnyNode, DTypeName } from "../graph/ops.ts";
import type { ModelTensor } from "../model.ts";
import { isEffect } from "../passes/live.ts";
import { alignUp } from "../plan/arena.ts";
import { type GraphPlan, refuseOver } from "../plan/plan.ts";
import { type Binding, product, sizeOf } from "../shape.ts";
import { type EncoderTable, encodeTape, type Tape } from "../tape/encode.ts";
import { TapeWriter } from "../tape/writer.ts";
import { hex } from "./hash.ts";
import type { CoreInstance } from "./instance.ts";
import { requireKernels } from "./required-kernels.ts";
import { rewrittenTape } from "./rewritten-tape.ts";

export type GraphKind = "train" | "evaluate" | "predict";

/** Which records a tape holds: all, those before the update, or those with a check behind each. */
export type TapeForm = "full" | "gradients" | "probe";

/** Where a staged tensor stands. */
export interface StagedTensor {
  readonly address: number;
  readonly dtype: DTypeName;
  readonly rows: number;
}

export interface TapeRequest {
  readonly kind: GraphKind;
  readonly form: TapeForm;
  readonly binding: Binding;
  readonly staged?: ReadonlyMap<string, StagedTensor>;
  /** Tells apart tapes over different staged tensors. */
  readonly stagedKey?: string;
}

interface Slot {
  readonly address: number;
  /** What its tape was encoded for. */
  of: TapeRequest | undefined;
  tape: Tape | undefined;
  used: number;
}

/** A failure of a step, in terms of the graph. */
export interface Fault {
  readonly status: Status;
  readonly node: AnyNode | undefined;
  readonly detail: number;
}

const KEPT_TAPES = 5;
/** A Random record is the longest that set-up uses. */
const RANDOM_WORDS = 16;
export class Executor {
  readonly core: CoreInstance;
  readonly program: Program;
  readonly #slots: Slot[] = [];
  #clock = 0;
  /** First free byte behind the planned memory: staged data begins here. */
  readonly stageBase: number;
  protected readonly maxBytes: number;
  readonly #encoders: EncoderTable;
  /** Room for the records of `runOnce` and, behind it, a digest. */
  readonly #setup: number;
  readonly #digest: number;

  /** @throws ConfigError if the program does not have the kernels of an op (see required-kernels.ts) */
  constructor(core: CoreInstance, program: Program, maxBytes: number, encoders: EncoderTable) {
    this.core = core;
    this.program = program;
    this.maxBytes = maxBytes;
    this.#encoders = encoders;
    const slotBytes = alignUp(4 * Math.max(...program.plan.graphs.map((_, i) => this.#longestTape(i))));
    let at = program.plan.end;
    for (let i = 0; i < KEPT_TAPES; i++) {
      this.#slots.push({ address: at, of: undefined, tape: undefined, used: 0 });
      at += slotBytes;
    }
    this.#setup = at;
    this.#digest = at + alignUp(4 * RANDOM_WORDS * (program.tensors.length + 2));
    this.stageBase = alignUp(this.#digest + 32);
    at = this.stageBase;
    refuseOver(at, maxBytes, program.plan.bytes);
    program.plan.bytes.total = at;
    core.reserve(at);
    this.#writeConstants();
  }

  graph(kind: GraphKind): GraphPlan {
    return this.program.plan.graphs[this.program.graphs[kind]!]!;
  }

  /** Words of the longest tape of a graph: with every input staged, nothing fused and a probe behind each record. */
  #longestTape(index: number): number {
    const { plan, binding } = this.program;
    const graph = plan.graphs[index]!;
    const one = { address: 0, dtype: "f32", rows: 1 } as const;
    const staged = new Map(graph.inputs.map(({ attrs }) => [attrs.name, one]));
    const tape = encodeTape({ encoders: this.#encoders, plan, graph, binding, rows: 0, staged, probe: true });
    requireKernels(this.core, tape, graph.graph.nodes);
    return tape.words.length;
  }

  #writeConstants(): void {
    const { plan, binding } = this.program;
    for (const { constants } of plan.graphs)
      for (const { node, address } of constants) {
        const at = address >> 2;
        if (node.op === "constant") this.core.f32.set(node.attrs.data, at);
        else if (node.op === "fill")
          this.core.f32.fill(node.attrs.value, at, at + sizeOf(node.shape, binding));
      }
  }

  /** Runs a few records that belong to no graph, without advancing the step counter. */
  runOnce(writer: TapeWriter): void {
    writer.record(Op.End, [0]);
    requireKernels(this.core, writer);
    this.core.u32.set(writer.words, this.#setup >> 2);
    const { step } = this;
    const status = this.core.run(this.#setup, this.program.plan.layout.uniforms, 1);
    this.step = step;
    if (status !== Status.Ok)
      throw new CoreError("core/status", `a set-up record failed with status ${status}`);
  }

  regionOf(tensor: ModelTensor): { address: number; bytes: number } {
    const { layout } = this.program.plan;
    return (tensor.kind === "parameter" ? layout.parameters : layout.states).get(tensor.fullName)!;
  }

  /** The address of a tape, encoded at its first use; the least recently used makes room. */
  tape(request: TapeRequest): Slot {
    const { kind, form, binding, stagedKey } = request;
    const { batch, time } = binding;
    let slot = this.#slots.find(
      ({ of }) =>
        of?.kind === kind &&
        of.form === form &&
        of.binding.batch === batch &&
        of.binding.time === time &&
        of.stagedKey === stagedKey,
    );
    if (!slot) {
      slot = this.#slots.reduce((oldest, s) => (s.used < oldest.used ? s : oldest));
      const plain = encodeTape({
        encoders: this.#encoders,
        plan: this.program.plan,
        graph: this.graph(kind),
        binding,
        rows: batch,
        ...(request.staged && { staged: request.staged }),
        fuse: form === "full",
        ...(form !== "full" && { keep: (node: AnyNode) => !isEffect(node) }),
        probe: form === "probe",
      });
      const tape = form === "full" ? rewrittenTape(plain, this) : plain;
      this.core.u32.set(tape.words, slot.address >> 2);
      slot.of = request;
      slot.tape = tape;
    }
    slot.used = ++this.#clock;
    return slot;
  }

  /** Forgets tapes over staged data that is gone. */
  dropTapes(): void {
    for (const slot of this.#slots) slot.of = undefined;
  }

  /** Sets the uniforms of a call: rows in order from the first, one report per step. */
  beginCall(): void {
    const { layout } = this.program.plan;
    const at = layout.uniforms >> 2;
    const { u32 } = this.core;
    u32[at + Uniform.CallStep] = 0;
    u32[at + Uniform.Cursor] = 0;
    u32[at + Uniform.CursorEnd] = 0xffffffff;
    u32[at + Uniform.Indices] = 0;
    u32[at + Uniform.Rates] = layout.rates;
    u32[at + Uniform.RateGroups] = layout.rateWidth;
    u32[at + Uniform.Reports] = layout.reports;
    u32[at + Uniform.ReportWidth] = layout.reportWidth;
  }

  /** Steps since the trainer began: the counter of random numbers. */
  get step(): number {
    const at = this.program.plan.layout.uniforms >> 2;
    return this.core.u32[at + Uniform.StepHigh]! * 2 ** 32 + this.core.u32[at + Uniform.StepLow]!;
  }

  set step(value: number) {
    const at = this.program.plan.layout.uniforms >> 2;
    this.core.u32[at + Uniform.StepLow] = value >>> 0;
    this.core.u32[at + Uniform.StepHigh] = Math.floor(value / 2 ** 32);
  }

  /** Runs `steps` steps; uniforms of the call must be set. */
  run(slot: Slot, steps: number): Status {
    return this.core.run(slot.address, this.program.plan.layout.uniforms, steps);
  }

  /** What failed in the last run of a tape. */
  fault(slot: Slot, status: Status): Fault {
    const at = this.program.plan.layout.uniforms >> 2;
    const offset = this.core.u32[at + Uniform.Fault]! - slot.address;
    const entry = slot.tape!.source.find((s) => s.offset === offset);
    const node = entry && entry.node >= 0 ? this.graph(slot.of!.kind).graph.nodes[entry.node] : undefined;
    return { status, node, detail: this.core.u32[at + Uniform.Detail]! };
  }

  /** Writes a tensor given in the axis order of files. */
  write(tensor: ModelTensor, data: ArrayLike<number>, address = this.regionOf(tensor).address): void {
    const { shape, view = shape, fileAxes } = tensor;
    if (!fileAxes) {
      this.core.f32.set(data, address >> 2);
      return;
    }
    const inverse: number[] = [];
    fileAxes.forEach((a, i) => {
      inverse[a] = i;
    });
    const turned = fileAxes.map((a) => view[a]!);
    this.core.f32.set(permute(data, turned, inverse), address >> 2);
  }

  /** SHA-256 of all parameters and states, hex; NaNs are made canonical first. */
  fingerprint(): string {
    const { weights } = this.program.plan.layout;
    const out = this.#digest;
    const writer = new TapeWriter();
    writer.record(Op.Sha256, [out, weights.address, weights.bytes, 1]);
    this.runOnce(writer);
    return hex(this.core.u8.subarray(out, out + 32));
  }
}

/** Row-major data with its axes in another order. */
export function permute(
  data: ArrayLike<number>,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  const out = new Float32Array(data.length);
  const strides = shape.map((_, i) => product(shape.slice(i + 1)));
  const outShape = axes.map((a) => shape[a]!);
  const outStrides = axes.map((a) => strides[a]!);
  const index = new Array<number>(axes.length).fill(0);
  const last = axes.length - 1;
  const step = outStrides[last]!;
  let from = 0;
  for (let i = 0; i < out.length; ) {
    // Row by row: most files are read in code that is not optimized yet.
    let at = from;
    for (let left = outShape[last]!; left > 0; left--, at += step) out[i++] = data[at]!;
    for (let d = last - 1; d >= 0; d--) {
      from += outStrides[d]!;
      if (++index[d]! < outShape[d]!) break;
      from -= outStrides[d]! * outShape[d]!;
      index[d] = 0;
    }
  }
  return out;
}
