// Runs a primitive graph on the WASM core: plan, tape, one call of `run`.
//
// Place: how the oracles reach the engine below the trainer: same planner, same encoder, same kernels as training.
// Invariant: nothing is computed here; a program's numbers are the core's.

import { readFileSync } from "node:fs";
import { Status, Uniform } from "../src/abi.ts";
import { CoreInstance } from "../src/core/instance.ts";
import { requireKernels } from "../src/core/required-kernels.ts";
import type { Graph } from "../src/graph/builder.ts";
import type { AnyNode } from "../src/graph/ops.ts";
import { generalKernels } from "../src/packs/general.ts";
import { useKernels } from "../src/packs/known-packs.ts";
import { sequenceKernels } from "../src/packs/sequence.ts";
import { alignUp } from "../src/plan/arena.ts";
import { type GraphRequest, type MemoryPlan, planMemory } from "../src/plan/plan.ts";
import { type Binding, bindShape, product } from "../src/shape.ts";
import { encodeTape, type Tape } from "../src/tape/encode.ts";
import { TRAINING_ENCODERS } from "../src/tape/training-encoders.ts";
import type { Feeds } from "./reference/interpreter.ts";
import type { RandomState } from "./reference/philox.ts";

export type CoreVariant = "simd" | "relaxed" | "debug";
export const VARIANTS: readonly CoreVariant[] = ["simd", "relaxed", "debug"];

const modules = new Map<CoreVariant, WebAssembly.Module>();

/** The compiled core; `npm run build` makes it. */
export function coreModule(variant: CoreVariant): WebAssembly.Module {
  let module = modules.get(variant);
  if (!module) {
    module = new WebAssembly.Module(readFileSync(`build/core.${variant}.wasm`));
    modules.set(variant, module);
  }
  return module;
}

export interface ProgramRequest {
  readonly graph: Graph;
  readonly outputs: readonly AnyNode[];
  readonly binding?: Binding;
  /** Sizes to plan memory for, at least the binding's; a smaller batch runs in a larger one's plan. */
  readonly planned?: Binding;
  readonly variant?: CoreVariant;
  readonly random?: RandomState;
  /** For graphs that update: name of each trained parameter → its gradient node, and tensors kept per parameter. */
  readonly gradients?: ReadonlyMap<string, AnyNode>;
  readonly slotCount?: number;
  readonly rateWidth?: number;
  /** Value each slot starts with. */
  readonly initial?: readonly number[];
}

export interface CoreTensor {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array;
}

/** A status other than Ok, with the node that gave it. */
export class RunFault extends Error {
  constructor(
    readonly status: Status,
    readonly node: AnyNode | undefined,
  ) {
    super(`the core returned ${Status[status]} at node ${node?.id} (${node?.op})`);
  }
}

/** A graph planned, encoded and loaded into a core of its own. */
export class GraphProgram {
  readonly core: CoreInstance;
  readonly plan: MemoryPlan;
  readonly #binding: Binding;
  readonly #tape: Tape;
  readonly #tapeAt: number;
  readonly #graph: Graph;

  constructor(request: ProgramRequest) {
    const {
      graph,
      outputs,
      binding = { batch: 1, time: 1 },
      gradients,
      slotCount = 0,
      rateWidth = 1,
    } = request;
    const planned = request.planned ?? binding;
    this.#graph = graph;
    this.#binding = binding;
    this.core = new CoreInstance(coreModule(request.variant ?? "simd"));
    const wanted: GraphRequest = {
      graph,
      outputs: outputs.map((node) => node.id),
      ...(gradients && { gradients: new Map([...gradients].map(([name, node]) => [name, node.id])) }),
    };
    this.plan = planMemory({
      heapBase: this.core.heapBase,
      maxBytes: 2 ** 30,
      binding: planned,
      trainable: gradients ? new Set(gradients.keys()) : null,
      slotCount,
      rateWidth,
      reportWidth: 1,
      stepsPerCall: 1,
      graphs: [wanted],
    });
    this.#tape = encodeTape({
      encoders: TRAINING_ENCODERS,
      plan: this.plan,
      graph: this.plan.graphs[0]!,
      binding,
      rows: binding.batch,
    });
    useKernels(generalKernels, sequenceKernels);
    requireKernels(this.core, this.#tape, this.#graph.nodes);
    this.#tapeAt = alignUp(this.plan.end);
    this.core.reserve(this.#tapeAt + this.#tape.words.byteLength);
    this.core.u32.set(this.#tape.words, this.#tapeAt >> 2);
    // Whatever a kernel reads before it is written is NaN.
    this.core.f32.fill(Number.NaN, this.plan.layout.end >> 2, this.plan.end >> 2);
    this.#writeConstants(planned);
    (request.initial ?? []).forEach((value, i) => {
      const { address, bytes } = this.plan.layout.slots[i]!;
      this.core.f32.fill(value, address >> 2, (address + bytes) >> 2);
    });
    this.#setUniforms(request.random ?? { seed: [0, 0], step: [0, 0] });
  }

  #writeConstants(planned: Binding): void {
    for (const { node, address } of this.plan.graphs[0]!.constants) {
      const at = address >> 2;
      if (node.op === "constant") this.core.f32.set(node.attrs.data, at);
      if (node.op !== "fill") continue;
      const elements = product(bindShape(node.shape, planned));
      this.core.f32.fill(node.attrs.value, at, at + elements);
    }
  }

  #setUniforms({ seed, step }: RandomState): void {
    const { uniforms, rates, reports, reportWidth } = this.plan.layout;
    const values = {
      [Uniform.SeedLow]: seed[0],
      [Uniform.SeedHigh]: seed[1],
      [Uniform.StepLow]: step[0],
      [Uniform.StepHigh]: step[1],
      [Uniform.Rates]: rates,
      [Uniform.RateGroups]: this.plan.layout.rateWidth,
      [Uniform.Reports]: reports,
      [Uniform.ReportWidth]: reportWidth,
    };
    for (const [index, value] of Object.entries(values))
      this.core.u32[(uniforms >> 2) + Number(index)] = value >>> 0;
    const { address, bytes } = this.plan.layout.powers;
    this.core.f64.fill(1, address >> 3, (address + bytes) >> 3);
  }

  #count(node: AnyNode): number {
    return product(bindShape(node.shape, this.#binding));
  }

  /** Writes inputs, parameters and states by name; names that the graph does not have are ignored. */
  feed(feeds: Feeds): void {
    const { parameters, states, inputs } = this.plan.layout;
    for (const node of this.plan.graphs[0]!.schedule) {
      if (node.op !== "input" && node.op !== "parameter" && node.op !== "state") continue;
      const { name } = node.attrs;
      const numbers = feeds[name];
      if (!numbers) continue;
      const { address } = (parameters.get(name) ?? states.get(name) ?? inputs.get(name))!;
      if (node.dtype === "i32") this.core.i32.set(numbers, address >> 2);
      else this.core.f32.set(numbers, address >> 2);
    }
  }

  /** Runs one step at a learning rate and an optimizer's scalars, which only graphs that update read. */
  run(learningRate = 0, scalars: readonly number[] = []): void {
    this.core.f32.set([learningRate, ...scalars], this.plan.layout.rates >> 2);
    this.core.u32[(this.plan.layout.uniforms >> 2) + Uniform.CallStep] = 0;
    const status: Status = this.core.run(this.#tapeAt, this.plan.layout.uniforms, 1);
    if (status === Status.Ok) return;
    const offset = this.core.u32[(this.plan.layout.uniforms >> 2) + Uniform.Fault]! - this.#tapeAt;
    const entry = this.#tape.source.find((s) => s.offset === offset);
    throw new RunFault(status, entry && this.#graph.nodes[entry.node]);
  }

  /** A copy of a node's value after a run. */
  read(node: AnyNode): CoreTensor {
    const at = this.plan.graphs[0]!.addresses.get(node.id)! >> 2;
    const memory = node.dtype === "i32" ? this.core.i32 : this.core.f32;
    return { shape: bindShape(node.shape, this.#binding), data: memory.slice(at, at + this.#count(node)) };
  }

  /** A copy of a parameter or state by its name. */
  readNamed(name: string): Float32Array {
    const { parameters, states } = this.plan.layout;
    const { address, bytes } = (parameters.get(name) ?? states.get(name))!;
    return this.core.f32.slice(address >> 2, (address + bytes) >> 2);
  }
}

/** Values of `outputs` in one run of a fresh core. */
export function runOnCore(
  graph: Graph,
  feeds: Feeds,
  outputs: readonly AnyNode[],
  options: Omit<ProgramRequest, "graph" | "outputs" | "gradients" | "slotCount"> = {},
): CoreTensor[] {
  const program = new GraphProgram({ graph, outputs, ...options });
  program.feed(feeds);
  program.run();
  return outputs.map((node) => program.read(node));
}
