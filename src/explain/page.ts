// An explanation as a page of its own: the network drawn, then every number in the order in which it arises.
//
// Place: written by `edgegrad explain --html`. Invariant: self-contained (see page/frame.ts).

import { lineChart } from "../page/chart.ts";
import { escapeText, htmlFacts, htmlPage, htmlTable } from "../page/frame.ts";
import { number } from "../page/number.ts";
import type { ExampleRun } from "./examples.ts";
import type { DenseStep, Explanation, OtherStep, WeightStep } from "./explanation.ts";
import { networkSvg } from "./network.ts";
import { chainLine, deltaLine, outputLine, sumLine, throughLine } from "./text.ts";

const steps = (lines: readonly string[]): string =>
  `<div class="steps">${lines.map((line) => `<div>${escapeText(line)}</div>`).join("")}</div>`;

const card = (title: string, content: string): string =>
  `<div class="card"><h3>${escapeText(title)}</h3>${content}</div>`;

function titleOf(layer: DenseStep | OtherStep): string {
  if (layer.kind === "other") return layer.layer;
  const rest =
    layer.omittedNeurons > 0
      ? `, the ${layer.neurons.length} of ${layer.units} neurons that matter most`
      : "";
  return `${layer.layer}, ${layer.activation}${rest}`;
}

const list = (values: readonly number[]): string => values.map((value) => number(value, 5)).join(", ");

const forward = (layer: DenseStep | OtherStep): string =>
  card(
    titleOf(layer),
    layer.kind === "other"
      ? steps([`output: ${list(layer.output)}`])
      : layer.neurons
          .map((neuron) =>
            steps([`${neuron.name}:  ${sumLine(neuron)}`, outputLine(neuron, layer.activation)]),
          )
          .join(""),
  );

const backward = (layer: DenseStep | OtherStep): string =>
  card(
    titleOf(layer),
    layer.kind === "other"
      ? steps([`∂L/∂output: ${list(layer.dOutput)}`])
      : layer.neurons
          .map((neuron) =>
            steps([
              throughLine(neuron),
              deltaLine(neuron),
              ...neuron.weights.map((w) => `∂L/∂${w.symbol} = ${chainLine(w)} = ${number(w.gradient)}`),
            ]),
          )
          .join("<br>"),
  );

function weightTable(weights: readonly WeightStep[]): string {
  const head = ["weight", "value", "gradient", "by differences", "agrees", "change", "new value"];
  const rows = weights.map((w) => [
    escapeText(w.symbol),
    ...[number(w.value), number(w.gradient), number(w.numeric.value)],
    w.numeric.agrees ? '<span class="good">✓</span>' : '<span class="bad">✗</span>',
    ...[number(w.change), number(w.after)],
  ]);
  return htmlTable(head, rows);
}

const key =
  '<p class="key soft"><span><i style="background:var(--plus)"></i>positive</span><span><i style="background:var(--minus)"></i>negative</span>' +
  "<span>the wider the line, the larger the number</span></p>";

function sections(e: Explanation): string {
  const [values, gradients] = [networkSvg(e, "forward"), networkSvg(e, "backward")];
  const all = e.layers.flatMap((layer) =>
    layer.kind === "dense" ? layer.neurons.flatMap((neuron) => neuron.weights) : layer.weights,
  );
  const rule =
    e.optimizer === "sgd"
      ? `w ← w − rate · ∂L/∂w with rate ${number(e.learningRate)}`
      : `${e.optimizer} makes of each gradient the change, rate ${number(e.learningRate)}`;
  const { compared, agreeing, largestDifference } = e.check;
  const omitted = e.omittedInputs > 0 ? ` … and ${e.omittedInputs} more` : "";
  const inputs = e.inputs.map(({ name, value }) => `${name} = ${number(value)}`).join(", ");
  return [
    htmlFacts([
      [
        e.outputs
          .slice(0, 4)
          .map((value) => number(value, 4))
          .join(", ") + (e.outputs.length > 4 ? ", …" : ""),
        "output",
      ],
      [
        e.targets
          .slice(0, 4)
          .map((value) => number(value, 4))
          .join(", ") || "none",
        "target",
      ],
      [number(e.loss.value, 5), `loss (${e.loss.name})`],
      [number(e.lossAfter, 5), "loss after the update"],
      [`${agreeing} of ${compared}`, "gradients agree with differences"],
    ]),
    "<h2>Forward: weighted sums and activations</h2>",
    `<p>Input: ${escapeText(inputs + omitted)}</p>`,
    values ? `${values}${key}` : "",
    ...e.layers.map(forward),
    card("Loss", steps([`${e.loss.formula ?? `L = ${e.loss.name}`} = ${number(e.loss.value)}`])),
    "<h2>Backward: the chain rule from the loss to every weight</h2>",
    "<p>Each neuron shows ∂L/∂z, how the loss changes with its weighted sum; each line ∂L/∂w of its weight.</p>",
    gradients ? `${gradients}${key}` : "",
    ...[...e.layers].reverse().map(backward),
    "<h2>Update, and a check of every gradient</h2>",
    `<p>${escapeText(rule)}. Beside each gradient stands the same derivative from differences of the loss, ` +
      `(L(w + h) − L(w − h)) / 2h with a correction; the largest difference is ${number(largestDifference, 2)}.</p>`,
    weightTable(all),
  ].join("\n");
}

/** A page about one step on one row. */
export function explanationPage(explanation: Explanation, options: { title?: string } = {}): string {
  const title = options.title ?? "One training step";
  const body = `<h1>${escapeText(title)}</h1>
<p class="soft">One training step on one row, ${explanation.parameters} parameters. Every number was read from the engine that trains.</p>
${sections(explanation)}`;
  return htmlPage(title, body);
}

/** A page about a classic case: its first step, and what training makes of it. */
export function examplePage(run: ExampleRun): string {
  const { title, about, explanation, rows, losses } = run;
  const truth = rows.map(({ x, target, before, after }) => [
    x.join(" "),
    ...[target, before, after].map((value) => number(value, 4)),
  ]);
  const body = `<h1>${escapeText(title)}</h1>
<p>${escapeText(about)}</p>
<p class="soft">The first training step, on one row. Every number was read from the engine that trains.</p>
${sections(explanation)}
<h2>Training: ${losses.length} steps</h2>
<div class="grid">${lineChart({
    x: "step",
    y: "loss",
    series: [{ name: "loss over all rows", points: losses.map((loss, i) => [i + 1, loss] as const) }],
  })}<div>${htmlTable(["input", "target", "output before", "output after"], truth)}</div></div>`;
  return htmlPage(title, body);
}
