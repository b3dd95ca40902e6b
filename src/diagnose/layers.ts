// Layers under the lens: what flows forward through each and back through it, and what that tells.
//
// Place: fed by train/observe.ts, batch by batch. Invariant: thresholds stand here beside their reason; a layer that the
// loss does not depend on is left out.

import type { AnyNode } from "../graph/ops.ts";
import { type RnnAttrs, rnn } from "../ops/recurrent.ts";
import type { ObservedCall, Observer } from "../train/observe.ts";
import { type Finding, figure, type LayerReport, percent } from "./finding.ts";

/** Norm of a layer's gradient against the largest behind it; healthy stacks stay above 1e-2. */
const VANISHED = 1e-3;
/** The same against the last layer's; healthy stacks stay below 1e2. */
const EXPLODED = 300;
/** A ReLU layer loses a few units in any training; when it loses this many it no longer learns. */
const DEAD_SHARE = 0.4;
/** Rows below which an idle unit tells nothing. */
const DEAD_ROWS = 32;
const SATURATED_SHARE = 0.5;
/** Slope under which a sigmoid (at most ¼) or tanh (at most 1) passes nearly nothing back. */
const FLAT_SIGMOID = 0.01;
const FLAT_TANH = 0.04;

interface Tally {
  readonly call: ObservedCall;
  readonly trained: boolean;
  outputSquares: number;
  outputs: number;
  gradientSquares: number;
  /** Per unit: whether it was ever above 0. */
  active?: Uint8Array;
  flat: number;
  flatOf: number;
}

export class LayerTallies {
  readonly #tallies: Tally[];
  readonly #observer: Observer;
  #rows = 0;

  constructor(observer: Observer) {
    this.#observer = observer;
    this.#tallies = observer.calls
      .filter(({ output, nodes }) => {
        const gradient = observer.gradientOf(output);
        return nodes.length > 0 && output.dtype === "f32" && gradient !== undefined && gradient.op !== "fill";
      })
      .map((call) => ({
        call,
        trained: call.nodes.some((node) => node.op === "parameter"),
        ...{ outputSquares: 0, outputs: 0, gradientSquares: 0, flat: 0, flatOf: 0 },
      }));
  }

  /** Adds the batch of the observer's last pass. */
  add(rows: number): void {
    this.#rows += rows;
    const results = new Set([...this.#observer.outputs.values()].map((node) => node.id));
    for (const tally of this.#tallies) {
      const { call } = tally;
      const { data } = this.#observer.read(call.output);
      tally.outputSquares += squares(data);
      tally.outputs += data.length;
      // The loss is a mean over the batch: its gradient is per batch, and batches are alike.
      tally.gradientSquares += squares(this.#observer.read(this.#observer.gradientOf(call.output)!).data);
      for (const node of call.nodes) {
        this.#addActive(tally, node);
        // A confident prediction is no fault.
        if (!results.has(node.id)) this.#addFlat(tally, node);
      }
    }
  }

  #addActive(tally: Tally, node: AnyNode): void {
    if (node.op !== "unary") return;
    const { fn, p } = node.attrs;
    if (fn !== "relu" && !(fn === "clamp" && p === 0)) return;
    const { data, shape } = this.#observer.read(node);
    const units = shape.at(-1)!;
    tally.active ??= new Uint8Array(units);
    for (let i = 0; i < data.length; i++) if (data[i]! > 0) tally.active[i % units] = 1;
  }

  #addFlat(tally: Tally, node: AnyNode): void {
    const isFlat = flatnessOf(node);
    if (!isFlat) return;
    const { data } = this.#observer.read(node);
    tally.flatOf += data.length;
    for (const value of data) if (isFlat(value)) tally.flat++;
  }

  reports(): LayerReport[] {
    return this.#tallies.map(({ call, outputSquares, outputs, gradientSquares, active, flat, flatOf }) => ({
      layer: call.label,
      output: Math.sqrt(outputSquares / outputs),
      gradient: Math.sqrt(gradientSquares),
      ...(active && { units: active.length, dead: active.length - active.reduce((a, b) => a + b, 0) }),
      ...(flatOf > 0 && { saturated: flat / flatOf }),
    }));
  }

  /** @param learned the loss is already far below that of guessing: saturated decisions are then no fault */
  findings(learned: boolean): Finding[] {
    const reports = this.reports();
    const trained = reports.filter((_, i) => this.#tallies[i]!.trained);
    return [
      ...gradientFlow(trained),
      ...(this.#rows >= DEAD_ROWS ? reports.flatMap((layer) => this.#dead(layer)) : []),
      ...(learned ? [] : reports.flatMap(saturated)),
    ];
  }

  #dead({ layer, units = 0, dead = 0 }: LayerReport): Finding[] {
    if (units === 0 || dead / units < DEAD_SHARE) return [];
    return [
      {
        code: "dead-units",
        layer,
        message: `${dead} of ${units} units are 0 in all ${this.#rows} rows: they pass nothing on and get no gradient`,
        evidence: { dead, units, rows: this.#rows },
        remedy:
          'Lower the learning rate and start again from fresh weights; use kernelInitializer "heNormal", leakyRelu or ' +
          "elu, or batchNorm before the activation",
      },
    ];
  }
}

const squares = (data: Float32Array): number => {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
};

/** Whether an activation's output says that its slope there is nearly 0. */
function flatnessOf(node: AnyNode): ((y: number) => boolean) | undefined {
  if (node.op === "defined" && node.attrs.definition === rnn)
    return (node.attrs.attrs as RnnAttrs).relu ? undefined : (y) => 1 - y * y < FLAT_TANH;
  if (node.op !== "unary") return undefined;
  const { fn, p, q } = node.attrs;
  if (fn === "sigmoid") return (y) => y * (1 - y) < FLAT_SIGMOID;
  if (fn === "tanh") return (y) => 1 - y * y < FLAT_TANH;
  // Of relu6 the lower end is a ReLU's.
  if (fn === "clamp") return p === 0 ? (y) => y >= q : (y) => y <= p || y >= q;
  return undefined;
}

function saturated({ layer, saturated: share = 0 }: LayerReport): Finding[] {
  if (share < SATURATED_SHARE) return [];
  return [
    {
      code: "saturated-activations",
      layer,
      message: `${percent(share)} of its activations lie where the slope is nearly 0, so hardly any gradient passes`,
      evidence: { share },
      remedy:
        "Scale the inputs to mean 0 and spread 1, use smaller initial weights (glorotUniform) or relu, put batchNorm before " +
        "the activation, or lower the learning rate",
    },
  ];
}

function gradientFlow(layers: readonly LayerReport[]): Finding[] {
  const findings: Finding[] = [];
  const ratios = layers.map(
    (layer, i) => layer.gradient / Math.max(...layers.slice(i + 1).map((l) => l.gradient), 0),
  );
  const growth = layers.map((layer) => layer.gradient / layers.at(-1)!.gradient);
  const least = indexOfBest(ratios, (a, b) => a < b);
  const most = indexOfBest(growth, (a, b) => a > b);
  const gradients = layers.map((layer) => layer.gradient);
  const profile = layers.map((layer) => figure(layer.gradient)).join(", ");
  if (least >= 0 && ratios[least]! < VANISHED)
    findings.push({
      code: "vanishing-gradients",
      layer: layers[least]!.layer,
      message: `its gradient is ${figure(ratios[least]!)} times that of the layers behind it (norms from first to last: ${profile})`,
      evidence: { ratio: ratios[least]!, gradients },
      remedy:
        "Use relu (or another activation that does not flatten) instead of sigmoid or tanh, batchNorm between the layers, " +
        "residual connections (add), larger initial weights (glorotUniform, heNormal), or fewer layers",
    });
  if (most >= 0 && growth[most]! > EXPLODED)
    findings.push({
      code: "exploding-gradients",
      layer: layers[most]!.layer,
      message: `its gradient is ${figure(growth[most]!)} times that of the last layer (norms from first to last: ${profile})`,
      evidence: { ratio: growth[most]!, gradients },
      remedy:
        "Use smaller initial weights (glorotUniform, heNormal), batchNorm between the layers, clipNorm in the optimizer, or a " +
        "lower learning rate",
    });
  return findings;
}

function indexOfBest(values: readonly number[], better: (a: number, b: number) => boolean): number {
  let best = -1;
  // The last layer has nothing behind it; 0 behind it is a dead end that other findings name.
  for (let i = 0; i < values.length - 1; i++)
    if (Number.isFinite(values[i]!) && (best < 0 || better(values[i]!, values[best]!))) best = i;
  return best;
}
