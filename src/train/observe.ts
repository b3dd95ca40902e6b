// Looks inside a training step: every value of the forward pass, the gradient of each, read from the core's memory.
//
// Place: behind diagnose/ and explain/; no trainer carries it along. A step of a trainer overwrites its values in place,
// so the same graph is planned once more with all of them kept, in a core of its own. Invariant: the trainer is only
// read; the gradients of parameters have the bits that `trainer.gradients` gives.

import { Status } from "../abi.ts";
import { gradients } from "../autodiff/gradients.ts";
import { objective, type Program } from "../compile.ts";
import { sha256 } from "../core/hash.ts";
import { CoreInstance } from "../core/instance.ts";
import { TrainingExecutor } from "../core/training-executor.ts";
import { EdgegradError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { LayerOptions } from "../graph/semantic.ts";
import { type Checkpoint, decodeCheckpoint } from "../io/checkpoint.ts";
import type { Weights } from "../io/weights.ts";
import type { ModelTensor } from "../model.ts";
import { planMemory } from "../plan/plan.ts";
import { type Binding, bindShape, product } from "../shape.ts";
import type { BaseTrainer } from "./base-trainer.ts";
import { explainFault } from "./faults.ts";
import { type DataSet, type Feeds, feedsOf } from "./feeds.ts";
import { writeInputs } from "./forward.ts";
import { saveCheckpoint } from "./save.ts";
import { Trainer } from "./trainer.ts";

/** One use of a layer in the forward pass. */
export interface ObservedCall {
  /** The layer's name, as in `freeze` and before its parameters. */
  readonly name: string;
  readonly op: string;
  /** "dense (layers.0)" */
  readonly label: string;
  readonly options: LayerOptions;
  readonly inputs: readonly AnyNode[];
  readonly output: AnyNode;
  /** Ops of this call, in order; empty where a layer does nothing (dropout with rate 0). */
  readonly nodes: readonly AnyNode[];
}

/** What is known of the graph before it is planned. */
export interface ObservedGraph {
  readonly builder: GraphBuilder;
  readonly calls: readonly ObservedCall[];
  readonly tensors: readonly ModelTensor[];
  /** Parameter and state nodes by full name. */
  readonly parameters: ReadonlyMap<string, AnyNode>;
  readonly inputs: ReadonlyMap<string, AnyNode>;
  readonly outputs: ReadonlyMap<string, AnyNode>;
  readonly loss: AnyNode;
}

export interface ObservedValue {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A trainer's state as plain values, by way of its checkpoint. */
export function stateOf(trainer: BaseTrainer): Checkpoint {
  const { host } = trainer;
  return decodeCheckpoint(saveCheckpoint(trainer), (bytes) => sha256(host.module, bytes));
}

/** Another trainer in the same state; what it learns changes nothing in the first. */
export const cloneTrainer = (trainer: BaseTrainer): Trainer => Trainer.resume(trainer.host, stateOf(trainer));

export class Observer implements ObservedGraph {
  readonly builder = new GraphBuilder();
  readonly calls: readonly ObservedCall[];
  readonly tensors: readonly ModelTensor[];
  readonly parameters: ReadonlyMap<string, AnyNode>;
  readonly inputs: ReadonlyMap<string, AnyNode>;
  readonly outputs: ReadonlyMap<string, AnyNode>;
  readonly loss: AnyNode;
  readonly state: Checkpoint;
  /** Rows of a batch: the trainer's batch size, or what fits. */
  readonly batchSize: number;
  readonly #gradients: ReadonlyMap<number, AnyNode>;
  readonly #executor: TrainingExecutor;
  #feeds: Feeds | undefined;
  #binding: Binding = { batch: 1, time: 1 };

  /**
   * @param extend appends further nodes (derivatives of single layers) before memory is planned
   */
  constructor(trainer: BaseTrainer, extend: (graph: ObservedGraph) => void = () => {}) {
    this.state = stateOf(trainer);
    const b = this.builder;
    const { model, state, weights } = this.state;
    const { lowered, loss } = objective(b, { model, objectives: state.objectives }, "train");
    this.loss = loss;
    this.tensors = lowered.tensors;
    this.parameters = lowered.nodes;
    this.inputs = lowered.inputs;
    this.outputs = lowered.outputs;
    const { graph } = model;
    const forward = b.nodes.findIndex(
      (node) => node.op === "input" && (node.attrs as { role: string }).role === "sampleWeights",
    );
    this.calls = graph.calls.map((call, i): ObservedCall => {
      const { name, op, options } = graph.layers[call.layer]!;
      const inputs = call.inputs.map((t) => lowered.values[t]!);
      const output = lowered.values[graph.inputs.length + i]!;
      const label = `${op} (layers.${name})`;
      // A call's ops stand together and end with its output.
      const from = Math.max(...lowered.values.slice(0, graph.inputs.length + i).map((node) => node.id)) + 1;
      const nodes = b.nodes.slice(from, output.id + 1).filter((node) => node.layer === label);
      return { name, op, label, options, inputs, output, nodes };
    });
    const wanted = b.nodes
      .slice(0, forward)
      .filter((node) => node.dtype === "f32" && node.op !== "constant" && node.op !== "fill");
    const grads = gradients(b, loss, wanted);
    this.#gradients = new Map(wanted.map((node, i) => [node.id, grads[i]!]));
    extend(this);
    const { program, core } = this.#plan(trainer, state);
    this.batchSize = program.binding.batch;
    this.#executor = new TrainingExecutor(core, program, trainer.host.maxBytes);
    this.#executor.setSeed(state.seed);
    this.setWeights(weights);
  }

  /** The largest batch up to the trainer's whose values all fit. */
  #plan(trainer: BaseTrainer, state: Checkpoint["state"]): { program: Program; core: CoreInstance } {
    const core = new CoreInstance(trainer.host.module);
    const { maxBytes } = trainer.host;
    for (let batch = state.batchSize; ; batch = Math.ceil(batch / 2)) {
      const binding = { batch, time: state.timeSteps };
      try {
        const plan = planMemory({
          heapBase: core.heapBase,
          maxBytes,
          binding,
          trainable: null,
          slotCount: 0,
          reportWidth: 1,
          stepsPerCall: 1,
          graphs: [{ graph: this.builder, outputs: this.builder.nodes.map((node) => node.id) }],
        });
        const graphs = { train: 0, predict: 0 };
        const { model } = this.state;
        const program = {
          ...{ model, tensors: this.tensors, trainable: new Set<string>(), plan, graphs, binding },
          reports: ["loss"],
        };
        return { program, core };
      } catch (error) {
        if (batch === 1 || !(error instanceof EdgegradError) || error.code !== "plan/too-large") throw error;
      }
    }
  }

  setWeights(weights: Weights): void {
    for (const tensor of this.tensors) this.#executor.write(tensor, weights[tensor.fullName]!.data);
  }

  /** The data as feeds. @throws ShapeError if it does not fit the model */
  feeds(data: DataSet): Feeds {
    return feedsOf(this.#executor.program, this.#executor.graph("train"), data);
  }

  /** Forward and backward pass over rows from … to, at most `batchSize`; values can be read behind it. */
  run(data: DataSet, from: number, to: number): void {
    this.#feeds = this.feeds(data);
    writeInputs(this.#executor, this.#feeds.feeds, from, to);
    this.#executor.prepareSampleWeights(data.sampleWeights !== undefined);
    this.#binding = { batch: to - from, time: this.#feeds.time };
    this.again(from);
  }

  /** The pass over the rows of the last `run` once more, after weights were changed. */
  again(from = 0): void {
    const executor = this.#executor;
    // Dropout masks are those of the trainer's next step.
    executor.step = this.state.state.step;
    const slot = executor.tape({ kind: "train", form: "gradients", binding: this.#binding });
    executor.beginCall();
    const status = executor.run(slot, 1);
    if (status === Status.Ok) return;
    const fault = executor.fault(slot, status);
    const batch = { feeds: this.#feeds!.feeds, rowAt: (i: number) => from + i, binding: this.#binding };
    throw explainFault(fault, batch, executor, () => fault);
  }

  /** The gradient of the loss with respect to a value of the forward pass. */
  gradientOf(node: AnyNode): AnyNode | undefined {
    return this.#gradients.get(node.id);
  }

  /** A copy of a node's value in the last pass. */
  read(node: AnyNode): ObservedValue {
    const shape = bindShape(node.shape, this.#binding);
    const { core } = this.#executor;
    const at = this.#executor.graph("train").addresses.get(node.id)! >> 2;
    const memory = node.dtype === "i32" ? core.i32 : core.f32;
    return { shape, data: Float32Array.from(memory.subarray(at, at + product(shape))) };
  }

  /** One number of a parameter in the core's own axis order, in place. */
  poke(parameter: string, index: number, value: number): void {
    const { address } = this.#executor.program.plan.layout.parameters.get(parameter)!;
    this.#executor.core.f32[(address >> 2) + index] = value;
  }

  /** A scalar without a copy. */
  scalar(node: AnyNode): number {
    return this.#executor.core.f32[this.#executor.graph("train").addresses.get(node.id)! >> 2]!;
  }

  dispose(): void {
    this.#executor.core.release();
  }
}
