// `edgegrad inspect`: what a file holds, what it costs to run, and on request the tape that runs.
// Place: command line; walks the pipeline of compile.ts without training anything.
// Invariant: reads only, and refuses a damaged file as loading it would.

import type { Core } from "../api.ts";
import { compilePrediction } from "../compile.ts";
import { CoreInstance } from "../core/instance.ts";
import { TrainingExecutor } from "../core/training-executor.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { definitionOf } from "../graph/defined.ts";
import { FORMAT, GRAPH } from "../io/model-file.ts";
import { readSafetensors, type SafetensorsFile } from "../io/safetensors.ts";
import { lowerModel, type Model } from "../model.ts";
import { flopsOf } from "../plan/flops.ts";
import { loadEmbedded } from "../platform/embedded-core.ts";
import { bindShape, formatShape, type Shape } from "../shape.ts";
import { disassemble } from "../tape/disassemble.ts";
import { naming, readBytes } from "./files.ts";
import { formatBytes, formatCount, formatTable } from "./table.ts";

/** Options of the command, as commander gives them. */
export interface InspectCommand {
  readonly tape?: boolean;
  readonly batchSize: number;
  readonly timeSteps: number;
  readonly json?: boolean;
}

/** One layer of a model. */
export interface LayerSummary {
  readonly name: string;
  readonly op: string;
  /** With N for the batch and T for a time that varies. */
  readonly outputShape: string;
  readonly parameters: number;
  /** Work for one row, forward. */
  readonly flops: number;
  /** Where several kernels could compute the layer: the one that its shape selects, forward. */
  readonly algorithm?: string;
}

/** Prints what `path` holds. */
export async function inspect(core: Core, path: string, command: InspectCommand): Promise<void> {
  const bytes = await readBytes(path);
  const file = naming(path, () => readSafetensors(bytes));
  const print = (record: object, text: readonly string[]) => {
    process.stdout.write(command.json ? `${JSON.stringify(record)}\n` : `${text.join("\n")}\n`);
  };
  if (file.metadata[GRAPH] === undefined) {
    const tensors = [...file.tensors].map(([name, { dtype, shape, data }]) => ({
      name,
      dtype,
      shape,
      bytes: data.length,
    }));
    print({ file: path, format: "plain weights", bytes: bytes.length, tensors }, [
      `${path}: plain weights without a model, ${formatBytes(bytes.length)}`,
      "",
      tensorTable(file),
    ]);
    return;
  }
  using predictor = naming(path, () => core.predictor(bytes, command));
  const { model, plan } = predictor;
  const layers = summarizeLayers(model, command);
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const format = file.metadata[FORMAT] ?? "unknown";
  const training = format.startsWith("checkpoint/")
    ? naming(path, () => inspectTraining(core, bytes, command))
    : undefined;
  const tape = command.tape ? (training?.tape ?? (await predictionTape(model, command))) : undefined;
  const inputs = model.graph.inputs.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  const record = {
    ...{ file: path, format, bytes: bytes.length, inputs, layers, parameters },
    predict: { batchSize: command.batchSize, bytes: plan.bytes, flopsPerRow: plan.flopsPerRow },
    ...(training && { train: { steps: training.steps, ...training.plan } }),
    ...(tape !== undefined && { tape: tape.split("\n") }),
  };
  const text = [
    `${path}: ${format}, ${formatBytes(bytes.length)}, fingerprint ${predictor.fingerprint()}`,
    "",
    ...inputs.map(
      ({ name, shape, dtype }) =>
        `input ${name}: [N${shape.map((size) => `, ${size ?? "T"}`).join("")}] ${dtype}`,
    ),
    "",
    layerTable(layers),
    "",
    `${parameters} parameters · ${formatCount(plan.flopsPerRow)} FLOPs a row, forward`,
    "",
    `memory to predict, batch ${command.batchSize}`,
    memoryTable(plan.bytes),
  ];
  if (training) {
    const { batchSize, flopsPerStep } = training.plan;
    const title = `memory to train, batch ${batchSize} · step ${training.steps} · ${formatCount(flopsPerStep)} FLOPs a step`;
    text.push("", title, memoryTable(training.plan.bytes));
  }
  if (tape !== undefined) text.push("", `tape (${training ? "train" : "predict"})`, tape);
  print(record, text);
}

/** Shapes, parameters and work of each call of a layer. */
export function summarizeLayers(
  model: Model,
  binding: { batchSize: number; timeSteps: number },
): LayerSummary[] {
  const { graph } = model;
  // The same model with every layer's result as an output.
  const outputs = Object.fromEntries(graph.calls.map((_, i) => [`call ${i}`, graph.inputs.length + i]));
  const builder = new GraphBuilder();
  const lowered = lowerModel(builder, { graph: { ...graph, outputs } }, "predict");
  const one = { batch: binding.batchSize, time: binding.timeSteps };
  const flops = new Map<string, number>();
  const choices = new Map<string, string>();
  for (const node of builder.nodes) {
    const inputs = node.inputs.map((id) => builder.nodes[id]!);
    const work = flopsOf(node, inputs, one);
    if (node.op === "defined") {
      const choice = definitionOf(node).choice?.(node.attrs.attrs, inputs, node, one);
      const before = choices.get(node.layer);
      // A layer of several convolutions, each by its own.
      if (choice) choices.set(node.layer, before && before !== choice ? `${before}, ${choice}` : choice);
    }
    flops.set(node.layer, (flops.get(node.layer) ?? 0) + work / one.batch);
  }
  const seen = new Set<number>();
  return graph.calls.map(({ layer }, i) => {
    const { name, op } = graph.layers[layer]!;
    const shape: Shape = lowered.outputs.get(`call ${i}`)!.shape;
    // A layer called twice has its parameters once; its work is counted at the first call, for all of them.
    const again = seen.has(layer);
    seen.add(layer);
    const own = lowered.tensors.filter((tensor) => tensor.layer === name && tensor.kind === "parameter");
    const parameters = own.reduce(
      (sum, tensor) => sum + bindShape(tensor.shape, one).reduce((a, b) => a * b, 1),
      0,
    );
    const label = `${op} (layers.${name})`;
    const algorithm = choices.get(label);
    return {
      ...{ name, op, outputShape: formatShape(shape), parameters: again ? 0 : parameters },
      flops: again ? 0 : (flops.get(label) ?? 0),
      ...(algorithm && { algorithm }),
    };
  });
}

function inspectTraining(core: Core, bytes: Uint8Array, command: InspectCommand) {
  using trainer = core.resume(bytes);
  return {
    plan: trainer.plan,
    steps: trainer.steps,
    tape: command.tape ? disassemble(trainer.tape()) : undefined,
  };
}

async function predictionTape(model: Model, { batchSize, timeSteps }: InspectCommand): Promise<string> {
  const instance = new CoreInstance(await loadEmbedded("simd"));
  const binding = { batch: batchSize, time: timeSteps };
  const executor = new TrainingExecutor(
    instance,
    compilePrediction(model, binding, instance.heapBase, 2 ** 32),
    2 ** 32,
  );
  const { tape, address } = executor.tape({ kind: "predict", form: "full", binding });
  return disassemble({ tape: tape!, nodes: executor.graph("predict").graph.nodes, address });
}

function layerTable(layers: readonly LayerSummary[]): string {
  const chosen = layers.some((layer) => layer.algorithm);
  const rows = layers.map(({ name, op, outputShape, parameters, flops, algorithm = "" }) => [
    ...[name, op, outputShape, String(parameters), formatCount(flops), ...(chosen ? [algorithm] : [])],
  ]);
  const titles = ["layer", "op", "output", "parameters", "FLOPs a row", ...(chosen ? ["algorithm"] : [])];
  return formatTable([titles, ...rows], [3, 4]);
}

function tensorTable({ tensors }: SafetensorsFile): string {
  const rows = [...tensors].map(([name, { dtype, shape, data }]) => [
    name,
    dtype,
    `[${shape.join(", ")}]`,
    formatBytes(data.length),
  ]);
  return formatTable([["tensor", "type", "shape", "size"], ...rows], [3]);
}

function memoryTable(bytes: object): string {
  const rows = Object.entries(bytes).map(([part, size]) => [part, formatBytes(size as number)]);
  return formatTable([["part", "size"], ...rows], [1]);
}
