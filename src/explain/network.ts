// The network as a drawing: neurons in columns, weights as lines; forward with values, backward with gradients.
//
// Place: used by page.ts. Invariant: pure text; nothing is drawn that the explanation does not list.

import { escapeText } from "../page/frame.ts";
import { number } from "../page/number.ts";
import type { DenseStep, Explanation } from "./explanation.ts";

interface Dot {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly value: number;
  readonly note: string;
}

interface Edge {
  readonly from: string;
  readonly to: Dot;
  readonly value: number;
  readonly title: string;
}

const RADIUS = 33;
const ROW = 108;
const COLUMN = 186;
/** More lines than this carry no numbers: they would lie upon each other. */
const LABELLED = 12;
/** More layers or neurons than this make no readable drawing. */
const MOST_DOTS = 40;

/**
 * @param direction values and weights, or gradients
 * @returns nothing where the layers are not all dense or too many to draw
 */
export function networkSvg(e: Explanation, direction: "forward" | "backward"): string | undefined {
  const layers = e.layers.filter((layer): layer is DenseStep => layer.kind === "dense");
  const dots = e.inputs.length + layers.reduce((sum, layer) => sum + layer.neurons.length, 0);
  if (layers.length !== e.layers.length || layers.length === 0 || dots > MOST_DOTS) return undefined;
  const forward = direction === "forward";
  const tallest = Math.max(e.inputs.length, ...layers.map((layer) => layer.neurons.length));
  const height = tallest * ROW + 40;
  const place = (column: number, i: number, count: number) => ({
    x: 60 + column * COLUMN,
    y: 20 + (height - 40) / 2 + (i - (count - 1) / 2) * ROW,
  });
  const columns: Dot[][] = [
    e.inputs.map(({ name, value }, i) => ({
      name,
      value,
      note: "",
      ...place(0, i, e.inputs.length),
    })),
    ...layers.map(({ neurons, activation }, column) =>
      neurons.map(
        (neuron, i): Dot => ({
          name: neuron.name,
          value: forward ? neuron.output : neuron.delta,
          note: forward
            ? activation === "linear"
              ? ""
              : `z = ${number(neuron.sum, 4)}`
            : `∂L/∂${neuron.name} = ${number(neuron.dOutput, 4)}`,
          ...place(column + 1, i, neurons.length),
        }),
      ),
    ),
  ];
  const all = new Map(columns.flat().map((dot) => [dot.name, dot]));
  const edges = layers.flatMap(({ neurons }) =>
    neurons.flatMap((neuron) =>
      neuron.terms.map((term, k): Edge => {
        const step = neuron.weights[k]!;
        const value = forward ? step.value : step.gradient;
        const title = `${step.symbol} = ${number(step.value)}, ∂L/∂w = ${number(step.gradient)}`;
        return { from: term.from, to: all.get(neuron.name)!, value, title };
      }),
    ),
  );
  const strongest = Math.max(...edges.map((edge) => Math.abs(edge.value)), 1e-12);
  const labelled = edges.length <= LABELLED;
  const alone = new Set(columns.filter((column) => column.length === 1).flat());
  const lines = edges.map((edge) =>
    edgeSvg(edge, all.get(edge.from), strongest, labelled, alone.has(edge.to)),
  );
  const lossX = 60 + (layers.length + 1) * COLUMN - 55;
  const results = columns.at(-1)!;
  const middle = 20 + (height - 40) / 2;
  const loss =
    results
      .map(
        (dot) =>
          `<line class="grid-line" x1="${dot.x + RADIUS}" y1="${dot.y}" x2="${lossX - 42}" y2="${middle}" stroke-width="1.5"/>`,
      )
      .join("") +
    `<rect x="${lossX - 42}" y="${middle - 24}" width="84" height="48" rx="8" fill="var(--card)" stroke="var(--soft)"/>` +
    `<text x="${lossX}" y="${middle - 4}" text-anchor="middle" font-weight="600">loss</text>` +
    `<text x="${lossX}" y="${middle + 15}" text-anchor="middle">${number(e.loss.value, 4)}</text>`;
  const width = lossX + 60;
  const label = forward ? "The network with its values and weights" : "The network with its gradients";
  return (
    `<div class="wide"><svg class="network" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">` +
    `${lines.map((line) => line.path).join("")}${loss}${columns
      .flat()
      .map((dot) => dotSvg(dot, forward))
      .join("")}` +
    `${lines.map((line) => line.label).join("")}</svg></div>`
  );
}

const colorOf = (value: number): string => (value < 0 ? "minus" : "plus");

function edgeSvg(
  { to, value, title }: Edge,
  from: Dot | undefined,
  strongest: number,
  labelled: boolean,
  meeting: boolean,
): { path: string; label: string } {
  if (!from) return { path: "", label: "" };
  const width = 1 + (4 * Math.abs(value)) / strongest;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  const end = (sign: number, dot: Dot) => [
    (dot.x + (sign * RADIUS * dx) / length).toFixed(1),
    (dot.y + (sign * RADIUS * dy) / length).toFixed(1),
  ];
  const [[x1, y1], [x2, y2]] = [end(1, from), end(-1, to)];
  const dash = value === 0 ? ' stroke-dasharray="4 5"' : "";
  const path =
    `<g><title>${escapeText(title)}</title><line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" ` +
    `stroke="var(--${colorOf(value)})" stroke-opacity=".75" stroke-width="${width.toFixed(1)}"${dash}/></g>`;
  if (!labelled) return { path, label: "" };
  // Nearer to where it comes from: lines that cross meet in the middle.
  const part = dy === 0 || meeting ? 0.5 : 0.33;
  // Above the line, so that it does not strike the number through.
  const above = 7 + width / 2;
  const [x, y] = [from.x + dx * part + (dy / length) * above, from.y + dy * part - (dx / length) * above];
  const anchor = dy === 0 ? "middle" : dy > 0 ? "start" : "end";
  const label = `<text class="halo" x="${x.toFixed(1)}" y="${(y + 3).toFixed(1)}" text-anchor="${anchor}" style="fill:var(--${colorOf(value)})">${number(value, 4)}</text>`;
  return { path, label };
}

function dotSvg({ name, x, y, value, note }: Dot, forward: boolean): string {
  const shown = forward || note !== "";
  const top = `<text x="${x}" y="${shown ? y - 3 : y + 5}" text-anchor="middle" font-weight="600">${escapeText(name)}</text>`;
  const number4 = shown ? `<text x="${x}" y="${y + 14}" text-anchor="middle">${number(value, 3)}</text>` : "";
  const below = note
    ? `<text class="soft halo" x="${x}" y="${y + RADIUS + 17}" text-anchor="middle">${escapeText(note)}</text>`
    : "";
  return `<circle cx="${x}" cy="${y}" r="${RADIUS}" fill="var(--card)" stroke="var(--text)" stroke-width="1.5"/>${top}${number4}${below}`;
}
