// The pipeline on one page: Model → Graph → Graph + gradients + updates → Plan; tapes are encoded from it.
//
// Place: the map of the project; every stage before the core is called from here (and, to look inside a step, from
// train/observe.ts).
// Invariant: pure functions from plain values to plain values; nothing here touches WASM memory.

import { gradients } from "./autodiff/gradients.ts";
import { GraphBuilder } from "./graph/builder.ts";
import type { AnyNode } from "./graph/ops.ts";
import { type RecordedGraph, replay } from "./graph/recorded.ts";
import type { Mode } from "./layers/definition.ts";
import type { Reduction, TargetSpec } from "./losses/loss.ts";
import { feedName, type Lowered, lowerModel, type Model, type ModelTensor } from "./model.ts";
import type { Optimizer } from "./optimizers/optimizers.ts";
import { rateBlocks, rateColumns } from "./optimizers/rate-blocks.ts";
import { absorbReaders } from "./passes/absorb.ts";
import { appendUpdate, trainedGroups } from "./passes/append-update.ts";
import { storageOf } from "./plan/in-place.ts";
import { type GraphRequest, type MemoryPlan, planMemory } from "./plan/plan.ts";
import { type Binding, N } from "./shape.ts";

/** What a trainer is compiled from. */
export interface TrainingRequest {
  readonly model: Model;
  readonly objectives: readonly RecordedObjective[];
  readonly optimizer: Optimizer;
  readonly binding: Binding;
  /** Patterns of layer names that are not trained: "0", "conv*". */
  readonly freeze: readonly string[];
  readonly heapBase: number;
  readonly maxBytes: number;
}

/** What is minimized and measured at one output of the model; plain data. */
export interface RecordedObjective {
  readonly output: string;
  /** Of the loss, for messages. */
  readonly name: string;
  readonly reduction: Reduction;
  /** Of this loss in the sum of all. */
  readonly weight: number;
  /** null: a loss without targets. */
  readonly target: TargetSpec | null;
  /** (output, target) → values per sample [N], and what a mean divides by the sum of, where it is not the batch. */
  readonly loss: RecordedGraph;
  /** (output, target) → a scalar each. */
  readonly metrics: readonly { readonly name: string; readonly graph: RecordedGraph }[];
}

/** Everything the host needs to run a model: graphs, addresses, names. */
export interface Program {
  readonly model: Model;
  readonly tensors: readonly ModelTensor[];
  readonly trainable: ReadonlySet<string>;
  readonly plan: MemoryPlan;
  /** Index of each graph in `plan.graphs`. */
  readonly graphs: { readonly train?: number; readonly evaluate?: number; readonly predict: number };
  /** Columns of a report: "loss" first. */
  readonly reports: readonly string[];
  /** Losses whose mean does not count every row alike: two more columns each in an evaluation, value and count. */
  readonly counted?: readonly Counted[];
  readonly binding: Binding;
}

/** A part of the loss that is a mean over what counts (class weights, ignored labels). */
export interface Counted {
  /** In the loss. */
  readonly weight: number;
  /** Its own column, on models with several outputs. */
  readonly column: number;
}

/** Steps whose rates and reports fit the tables of one call. */
const STEPS_PER_CALL = 4096;

export function compileTraining(request: TrainingRequest): Program {
  const train = trainingGraph(request);
  const { counted, ...evaluate } = evaluationGraph(request);
  const predict = predictionGraph(request.model);
  const rules = rateBlocks(request.optimizer).map(({ rule }) => rule);
  const temporaries = Math.max(...rules.map((rule) => (rule.kind === "elementwise" ? rule.temporaries : 0)));
  const plan = planMemory({
    heapBase: request.heapBase,
    maxBytes: request.maxBytes,
    binding: request.binding,
    trainable: train.trainable,
    groups: train.groups,
    fused: new Set(train.graph.fused?.map((f) => f.parameter)),
    slotCount: request.optimizer.slots.length + temporaries,
    rateWidth: rateColumns(request.optimizer).at(-1)!,
    reportWidth: train.reports.length + 2 * counted.length,
    stepsPerCall: STEPS_PER_CALL,
    graphs: [train.graph, evaluate, predict.graph],
  });
  return {
    model: request.model,
    tensors: train.lowered.tensors,
    trainable: train.trainable,
    plan,
    graphs: { train: 0, evaluate: 1, predict: 2 },
    reports: train.reports,
    counted,
    binding: request.binding,
  };
}

/** A forward-only program: no gradients, no optimizer state, buffers reused. */
export function compilePrediction(
  model: Model,
  binding: Binding,
  heapBase: number,
  maxBytes: number,
): Program {
  const { graph, lowered } = predictionGraph(model);
  const plan = planMemory({
    ...{
      heapBase,
      maxBytes,
      binding,
      trainable: null,

      slotCount: 0,
      reportWidth: 1,
      stepsPerCall: 1,
    },
    graphs: [graph],
  });
  return {
    model,
    tensors: lowered.tensors,
    trainable: new Set(),
    plan,
    graphs: { predict: 0 },
    reports: [],
    binding,
  };
}

function predictionGraph(model: Model): { graph: GraphRequest; lowered: Lowered } {
  const b = new GraphBuilder();
  const lowered = lowerModel(b, model, "predict");
  guardInputs(b);
  const outputs = [...lowered.outputs.values()].map((n) => n.id);
  absorbReaders(b, outputs);
  return { graph: { graph: b, outputs }, lowered };
}

/** Fails the run, with the input's name, where data is not finite. */
function guardInputs(b: GraphBuilder): void {
  const inputs = b.nodes.filter((node) => node.op === "input" && node.dtype === "f32");
  if (inputs.length > 0) b.add("guard", inputs, { gradients: false });
}

export interface Objective {
  readonly lowered: Lowered;
  readonly loss: AnyNode;
  /** Scalars in the order of the report. */
  readonly scalars: readonly { readonly name: string; readonly value: AnyNode }[];
  readonly parts: readonly { readonly value: AnyNode; readonly weight: number; readonly count?: AnyNode }[];
}

/** Model, losses and metrics: what training and evaluation have in common. */
export function objective(
  b: GraphBuilder,
  request: Pick<TrainingRequest, "model" | "objectives">,
  mode: Mode,
): Objective {
  const lowered = lowerModel(b, request.model, mode);
  const single = lowered.outputs.size === 1;
  const weights = b.add("input", [], {
    name: "sampleWeights",
    role: "sampleWeights",
    shape: [N],
    dtype: "f32",
  });
  const parts: { name: string; value: AnyNode; weight: number; count?: AnyNode }[] = [];
  const metrics: { name: string; value: AnyNode }[] = [];
  const byOutput = new Map(request.objectives.map((o) => [o.output, o]));
  for (const [name, output] of lowered.outputs) {
    const entry = byOutput.get(name);
    if (!entry) continue;
    b.layer = `${entry.name} (loss)`;
    const feeds = [output];
    if (entry.target)
      feeds.push(b.add("input", [], { name: feedName("y", name, single), role: "y", ...entry.target }));
    const [perSample, counted] = replay(b, entry.loss, feeds) as [AnyNode, AnyNode?];
    const weighted = b.mul(perSample, weights);
    // A batch in which nothing counts has a loss of 0, not of 0/0.
    const count = counted && b.reduceAll("sum", counted);
    const value = count
      ? b.div(b.reduceAll("sum", weighted), b.binary("max", count, b.fill([], 1e-12)))
      : b.reduceAll(entry.reduction, weighted);
    const part = single ? "loss" : `${name}_loss`;
    parts.push({ name: part, value, weight: entry.weight, ...(count && { count }) });
    for (const metric of entry.metrics) {
      b.layer = `${metric.name} (metric)`;
      const [scalar] = replay(b, metric.graph, feeds) as [AnyNode];
      metrics.push({ name: single ? metric.name : `${name}_${metric.name}`, value: scalar });
    }
  }
  b.layer = "loss";
  const terms = parts.map(({ value, weight }) => (weight === 1 ? value : b.affine(value, weight)));
  const data = terms.reduce((p, q) => b.addUp(p, q));
  const loss = penalties(b, lowered).reduce((p, q) => b.addUp(p, q), data);
  const scalars = [{ name: "loss", value: loss }, ...(single ? [] : parts), ...metrics];
  b.layer = "";
  return { lowered, loss, scalars, parts };
}

/** Regularization terms, one per parameter that has one. */
function penalties(b: GraphBuilder, lowered: Lowered): AnyNode[] {
  return lowered.tensors.flatMap(({ fullName, regularizer }) => {
    if (!regularizer) return [];
    const w = lowered.nodes.get(fullName)!;
    const { l1 = 0, l2 = 0 } = regularizer;
    const terms: AnyNode[] = [];
    if (l1) terms.push(b.affine(b.reduceAll("sumAbs", w), l1));
    if (l2) terms.push(b.affine(b.reduceAll("sumSquares", w), l2));
    return terms;
  });
}

function report(b: GraphBuilder, scalars: Objective["scalars"]): string[] {
  scalars.forEach(({ value }, slot) => {
    b.add("report", [value], { slot });
  });
  return scalars.map(({ name }) => name);
}

function evaluationGraph(request: TrainingRequest): GraphRequest & { counted: readonly Counted[] } {
  const b = new GraphBuilder();
  const { scalars, parts } = objective(b, request, "predict");
  guardInputs(b);
  const counted = parts.flatMap(({ value, count, weight }, i) =>
    count ? [{ value, count, weight, column: 1 + i }] : [],
  );
  report(b, [
    ...scalars,
    ...counted.flatMap(({ value, count }) => [
      { name: "", value },
      { name: "", value: count },
    ]),
  ]);
  absorbReaders(b, []);
  return { graph: b, outputs: [], counted: counted.map(({ weight, column }) => ({ weight, column })) };
}

interface TrainingGraph {
  readonly graph: GraphRequest;
  readonly lowered: Lowered;
  readonly trainable: ReadonlySet<string>;
  readonly groups: ReadonlyMap<string, number>;
  readonly reports: readonly string[];
}

function trainingGraph(request: TrainingRequest): TrainingGraph {
  const b = new GraphBuilder();
  const { lowered, loss, scalars } = objective(b, request, "train");
  const groups = trainedGroups(lowered.tensors, request.optimizer, request.freeze);
  const trained = lowered.tensors.filter((t) => groups.has(t.fullName));
  const wanted = trained.map((t) => lowered.nodes.get(t.fullName)!);
  const grads = ownStorage(b, gradients(b, loss, wanted));

  // From here on the step has effects; their order is binding (see ops.ts).
  guardInputs(b);
  const reports = report(b, scalars);
  const gradientOf = new Map(trained.map((t, i) => [t.fullName, grads[i]!]));
  const fused = appendUpdate(b, {
    ...{ optimizer: request.optimizer, loss, lowered, gradientOf, groupOf: groups },
    batchSize: request.binding.batch,
  });
  const gradientIds = new Map([...gradientOf].map(([name, node]) => [name, node.id]));
  absorbReaders(b, [...gradientIds.values()]);
  return {
    graph: {
      graph: b,
      outputs: [],
      gradients: gradientIds,
      fused,
    },
    lowered,
    trainable: new Set(groups.keys()),
    groups,
    reports,
  };
}

/** Each gradient gets a buffer of its own: one that is shared or is no temporary is copied. */
function ownStorage(b: GraphBuilder, grads: readonly AnyNode[]): AnyNode[] {
  const taken = new Set<number>();
  return grads.map((g) => {
    const root = b.at(storageOf(b.nodes, g.id));
    const own =
      root.inputs.length === 0 || taken.has(root.id) ? b.add("unary", [g], { fn: "affine", p: 1, q: 0 }) : g;
    taken.add(storageOf(b.nodes, own.id));
    return own;
  });
}
