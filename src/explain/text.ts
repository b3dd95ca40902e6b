// An explanation as text for a terminal: forward, backward, update, check, each number where it arises.
//
// Place: printed by `edgegrad explain`. Invariant: pure; within 100 columns for small networks.

import { number } from "../page/number.ts";
import type { ExampleRun } from "./examples.ts";
import type { DenseStep, Explanation, NeuronStep, OtherStep, Term, WeightStep } from "./explanation.ts";

const signed = (value: number): string => (value < 0 ? `(${number(value)})` : number(value));

/** "0.2·1 + 0.5·0" */
const sumOf = (terms: readonly Term[]): string =>
  terms.map(({ weight, input }) => `${signed(weight)}·${signed(input)}`).join(" + ");

const more = (count: number, what: string): string => (count > 0 ? ` + … (${count} more ${what})` : "");

/** z = Σ w·x + b of a neuron. */
export function sumLine(neuron: NeuronStep): string {
  const bias = neuron.bias === undefined ? "" : ` + ${signed(neuron.bias)}`;
  return `z = ${sumOf(neuron.terms)}${more(neuron.omittedTerms, "terms")}${bias} = ${number(neuron.sum)}`;
}

export function outputLine({ name, output, sum }: NeuronStep, activation: string): string {
  return activation === "linear"
    ? `${name} = z = ${number(output)}`
    : activation === "softmax" || activation === "logSoftmax"
      ? `${name} = ${activation}(all z) = ${number(output)}`
      : `${name} = ${activation}(${number(sum)}) = ${number(output)}`;
}

/** ∂L/∂a as the sum over the next layer. */
export function throughLine({ name, through, dOutput }: NeuronStep): string {
  if (through.length === 0) return `∂L/∂${name} = ${number(dOutput)}`;
  const symbols = through.map(({ from }) => `∂L/∂z(${from})·w(${name}→${from})`).join(" + ");
  const values = through.map(({ input, weight }) => `${signed(input)}·${signed(weight)}`).join(" + ");
  return `∂L/∂${name} = ${symbols} = ${values} = ${number(dOutput)}`;
}

export function deltaLine({ name, slope, dOutput, delta }: NeuronStep): string {
  if (slope === undefined)
    return `∂L/∂z(${name}) = ${number(delta)} (the activation mixes all neurons of the layer)`;
  return `∂L/∂z(${name}) = ∂L/∂${name} · ∂${name}/∂z = ${signed(dOutput)} · ${signed(slope)} = ${number(delta)}`;
}

export const chainLine = ({ factors }: WeightStep): string =>
  `${factors.map((f) => f.symbol).join(" · ")} = ${factors.map((f) => signed(f.value)).join(" · ")}`;

function table(rows: readonly (readonly string[])[], indent: string): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    `${indent}${row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join("  ")}`.trimEnd(),
  );
}

function weightTable(weights: readonly WeightStep[], indent: string): string[] {
  if (weights.length === 0) return [];
  const head = ["weight", "value", "gradient", "by differences", "", "change", "new value"];
  const rows = weights.map((w) => [
    ...[w.symbol, number(w.value), number(w.gradient), number(w.numeric.value)],
    ...[w.numeric.agrees ? "✓" : "✗", number(w.change), number(w.after)],
  ]);
  return table([head, ...rows], indent);
}

function forward(layer: DenseStep | OtherStep): string[] {
  if (layer.kind === "other")
    return [`${layer.layer}`, `  output: ${layer.output.map((value) => number(value)).join(", ")}`];
  const rest = layer.omittedNeurons > 0 ? `, ${layer.neurons.length} of ${layer.units} neurons shown` : "";
  const lines = layer.neurons.flatMap((neuron) => [
    `  ${neuron.name}:  ${sumLine(neuron)}`,
    `  ${" ".repeat(neuron.name.length)}   ${outputLine(neuron, layer.activation)}`,
  ]);
  return [`${layer.layer}, ${layer.activation}${rest}`, ...lines];
}

function backward(layer: DenseStep | OtherStep): string[] {
  if (layer.kind === "other")
    return [
      layer.layer,
      `  ∂L/∂output: ${layer.dOutput.map((value) => number(value)).join(", ")}`,
      ...weightTable(layer.weights, "  "),
    ];
  const lines = layer.neurons.flatMap((neuron) => [
    `  ${throughLine(neuron)}`,
    `  ${deltaLine(neuron)}`,
    ...neuron.weights.map(
      (weight) => `    ∂L/∂${weight.symbol} = ${chainLine(weight)} = ${number(weight.gradient)}`,
    ),
  ]);
  return [layer.layer, ...lines];
}

/** An explanation as lines of text. */
export function explanationText(e: Explanation): string {
  const inputs = e.inputs.map(({ name, value }) => `${name} = ${number(value)}`).join(", ");
  const formula = e.loss.formula ? `${e.loss.formula}` : `L = ${e.loss.name}`;
  const plainSgd = e.optimizer === "sgd";
  const rule = plainSgd ? "w ← w − rate · ∂L/∂w" : `${e.optimizer} decides the change from the gradient`;
  const { compared, agreeing, largestDifference } = e.check;
  const steps = e.layers.flatMap((layer) =>
    layer.kind === "dense" ? layer.neurons.flatMap((neuron) => neuron.weights) : layer.weights,
  );
  return [
    `Input     ${inputs}${more(e.omittedInputs, "inputs")}`,
    `Target    ${e.targets.map((value) => number(value)).join(", ")}`,
    "",
    "FORWARD: weighted sums and activations",
    ...e.layers.flatMap(forward),
    `loss, ${e.loss.name}`,
    `  ${formula} = ${number(e.loss.value)}`,
    "",
    "BACKWARD: the chain rule from the loss to every weight",
    ...[...e.layers].reverse().flatMap(backward),
    "",
    `UPDATE: ${rule}, rate ${number(e.learningRate)}`,
    ...weightTable(steps, "  "),
    "",
    `The same row after the update: loss ${number(e.lossAfter)} (was ${number(e.loss.value)})`,
    `Gradients against differences of the loss: ${agreeing} of ${compared} agree, largest difference ${number(largestDifference)}`,
  ].join("\n");
}

/** A paragraph as lines of at most `width` characters. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (`${lines.at(-1)} ${word}`.length > width) lines.push("");
    lines.push(`${lines.pop()} ${word}`.trimStart());
  }
  return lines;
}

/** A classic case as text: its first step, and what training makes of it. */
export function exampleText(run: ExampleRun): string {
  const { title, about, explanation, rows, losses } = run;
  const marks = [1, 2, 5, 10, 100, 500, 1000].filter((step) => step <= losses.length);
  const truth = rows.map(({ x, target, before, after }) => [
    x.join(" "),
    ...[target, before, after].map((value) => number(value)),
  ]);
  return [
    title,
    "",
    ...wrapped(about, 96),
    "",
    explanationText(explanation),
    "",
    `TRAINING: ${losses.length} steps over ${rows.length === 1 ? "this row" : `all ${rows.length} rows`}`,
    `  loss at step ${marks.map((step) => `${step}: ${number(losses[step - 1]!)}`).join(" · ")}`,
    ...table([["input", "target", "before", "after"], ...truth], "  "),
  ].join("\n");
}
