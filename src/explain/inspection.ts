// Takes one step apart: reads sums, activations, slopes and gradients of every neuron, runs the update on a copy.
//
// Place: behind explain.ts. Invariant: numbers are read from the core or made of numbers that were.

import { ShapeError } from "../errors.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Weights } from "../io/weights.ts";
import { fileShapeOf } from "../layers/definition.ts";
import type { ModelTensor } from "../model.ts";
import type { BaseTrainer } from "../train/base-trainer.ts";
import type { DataSet } from "../train/feeds.ts";
import { cloneTrainer, Observer } from "../train/observe.ts";
import { type DenseNodes, denseLayers, isMixing } from "./dense-layers.ts";
import { compare, differenceQuotient } from "./difference.ts";
import type {
  DenseStep,
  Explanation,
  Factor,
  NeuronStep,
  OtherStep,
  Term,
  WeightStep,
} from "./explanation.ts";

const FORMULAS: Readonly<Record<string, string>> = {
  mse: "L = mean of (y − t)²",
  mae: "L = mean of |y − t|",
  binaryCrossEntropy: "L = −t·ln p − (1 − t)·ln(1 − p), mean over the outputs",
  softmaxCrossEntropy: "L = −ln p(class), p = softmax(y)",
};

/** Indices of the largest values, in ascending order. */
function largest(sizes: readonly number[], most: number): number[] {
  if (sizes.length <= most) return sizes.map((_, i) => i);
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  return order.slice(0, most).sort((a, b) => a - b);
}

export class Inspection {
  readonly #trainer: BaseTrainer;
  readonly #observer: Observer;
  readonly #sample: DataSet;
  readonly #most: number;
  #dense: DenseNodes[] = [];
  #after: Weights = {};
  readonly #steps: WeightStep[] = [];

  constructor(trainer: BaseTrainer, sample: DataSet, most: number) {
    this.#trainer = trainer;
    this.#sample = sample;
    this.#most = most;
    this.#observer = new Observer(trainer, (graph) => {
      this.#dense = denseLayers(graph);
    });
  }

  run(): Explanation {
    const observer = this.#observer;
    try {
      const { rows } = observer.feeds(this.#sample);
      if (rows !== 1)
        throw new ShapeError("explain/rows", `explain: expected one row, got ${rows}`, { tensor: "x" });
      this.#after = this.#update();
      observer.run(this.#sample, 0, 1);
      const loss = observer.scalar(observer.loss);
      const layers = this.#layers();
      const { objectives, optimizer } = observer.state.state;
      const { name } = objectives[0]!;
      const values = [...observer.inputs.values()].flatMap((node) => this.#values(node));
      const shown = values.slice(0, 4 * this.#most);
      const outputs = [...observer.outputs.values()].flatMap((node) => this.#values(node));
      observer.setWeights(this.#after);
      observer.again();
      const formula = objectives.length === 1 ? FORMULAS[name] : undefined;
      return {
        inputs: shown.map((value, i) => ({ name: nameOf("x", i, values.length), value })),
        omittedInputs: values.length - shown.length,
        outputs,
        targets: targetsOf(this.#sample),
        loss: {
          name: objectives.map((o) => o.name).join(" + "),
          ...(formula !== undefined && { formula }),
          value: loss,
        },
        lossAfter: observer.scalar(observer.loss),
        optimizer: optimizer.name,
        learningRate: this.#trainer.learningRate,
        layers,
        parameters: this.#trainer.plan.parameters,
        check: {
          compared: this.#steps.length,
          agreeing: this.#steps.filter((step) => step.numeric.agrees).length,
          largestDifference: Math.max(
            0,
            ...this.#steps.map((step) => Math.abs(step.gradient - step.numeric.value)),
          ),
        },
      };
    } finally {
      observer.dispose();
    }
  }

  /** The weights behind one step of a copy: what the optimizer really does. */
  #update(): Weights {
    const clone = cloneTrainer(this.#trainer);
    try {
      const { x, y, ...extra } = this.#sample;
      clone.step(x, y, extra);
      return clone.getWeights();
    } finally {
      clone.dispose();
    }
  }

  #values(node: AnyNode): number[] {
    return Array.from(this.#observer.read(node).data);
  }

  #gradient(node: AnyNode): number[] {
    const gradient = this.#observer.gradientOf(node);
    return gradient ? this.#values(gradient) : this.#values(node).map(() => 0);
  }

  #layers(): (DenseStep | OtherStep)[] {
    const names = this.#names();
    const inner = new Set(this.#dense.flatMap(({ calls }) => calls.slice(1)));
    return this.#observer.calls.flatMap((call): (DenseStep | OtherStep)[] => {
      const dense = this.#dense.find((layer) => layer.call === call);
      if (dense) return [this.#denseStep(dense, names)];
      if (inner.has(call) || call.nodes.length === 0) return [];
      return [this.#otherStep(call.label, call.name, call.output)];
    });
  }

  /** Names of the values that neurons read and give, by node. */
  #names(): Map<number, (i: number) => string> {
    const observer = this.#observer;
    const names = new Map<number, (i: number) => string>();
    for (const [name, node] of observer.inputs) {
      const { length } = this.#values(node);
      const own = observer.inputs.size === 1 ? "x" : name;
      names.set(node.id, (i) => nameOf(own, i, length));
    }
    const results = new Map([...observer.outputs].map(([name, node]) => [node.id, name]));
    const hidden = this.#dense.filter(({ output }) => !results.has(output.id));
    for (const layer of this.#dense) {
      const { length } = this.#values(layer.output);
      const depth = hidden.indexOf(layer);
      const result = results.get(layer.output.id);
      if (depth < 0)
        names.set(layer.output.id, (i) => nameOf(result === "output" ? "y" : result!, i, length));
      else if (hidden.length === 1) names.set(layer.output.id, (i) => `h${i + 1}`);
      else names.set(layer.output.id, (i) => `h${depth + 1}.${i + 1}`);
    }
    return names;
  }

  #denseStep(layer: DenseNodes, names: Map<number, (i: number) => string>): DenseStep {
    const { call, activation, input, output, sum, slope: slopeNode } = layer;
    const observer = this.#observer;
    const inputs = this.#values(input);
    const weights = this.#values(observer.parameters.get(layer.weight)!);
    const biases = layer.bias === undefined ? undefined : this.#values(observer.parameters.get(layer.bias)!);
    const [sums, outputs] = [this.#values(sum), this.#values(output)];
    const [dOutputs, deltas] = [this.#gradient(output), this.#gradient(sum)];
    const slopes = slopeNode ? this.#values(slopeNode) : undefined;
    const units = sums.length;
    const inputName = names.get(input.id) ?? ((i: number) => `in${i + 1}`);
    const neuronName = names.get(output.id)!;
    const shown = largest(deltas.map(Math.abs), this.#most);
    const neurons = shown.map((j): NeuronStep => {
      const name = neuronName(j);
      const all = inputs.map((value, i): Term => {
        const weight = weights[i * units + j]!;
        return { from: inputName(i), input: value, weight, product: Math.fround(value * weight) };
      });
      const chosen = largest(
        all.map((term) => Math.abs(term.product) + Math.abs(term.input)),
        this.#most,
      );
      const mixed = isMixing(activation);
      const slope = slopes?.[j] ?? (mixed ? undefined : 1);
      const before: Factor[] =
        slope === undefined
          ? [{ symbol: `∂L/∂z(${name})`, value: deltas[j]! }]
          : [
              { symbol: `∂L/∂${name}`, value: dOutputs[j]! },
              { symbol: `∂${name}/∂z`, value: slope },
            ];
      const own = chosen.map((i) =>
        this.#weightStep(layer.weight, i * units + j, `w(${inputName(i)}→${name})`, [
          ...before,
          { symbol: "∂z/∂w", value: inputs[i]! },
        ]),
      );
      const bias = layer.bias
        ? [this.#weightStep(layer.bias, j, `b(${name})`, [...before, { symbol: "∂z/∂b", value: 1 }])]
        : [];
      return {
        ...{ name, index: j, sum: sums[j]!, output: outputs[j]!, dOutput: dOutputs[j]!, delta: deltas[j]! },
        terms: chosen.map((i) => all[i]!),
        omittedTerms: all.length - chosen.length,
        ...(biases && { bias: biases[j]! }),
        through: this.#through(output, j, names),
        ...(slope !== undefined && { slope }),
        weights: [...own, ...bias],
      };
    });
    const label = call.label;
    return {
      kind: "dense",
      layer: label,
      activation,
      units,
      neurons,
      omittedNeurons: units - neurons.length,
    };
  }

  /** ∂L/∂a as a sum over the next layer, where that is one dense layer and nothing else reads the value. */
  #through(output: AnyNode, j: number, names: Map<number, (i: number) => string>): Term[] {
    const readers = this.#observer.calls.filter((call) => call.inputs.some((node) => node.id === output.id));
    const next = this.#dense.find((layer) => layer.call === readers[0]);
    if (!next || readers.length !== 1) return [];
    const deltas = this.#gradient(next.sum);
    const weights = this.#values(this.#observer.parameters.get(next.weight)!);
    const terms = deltas.map((delta, k): Term => {
      const weight = weights[j * deltas.length + k]!;
      const from = names.get(next.output.id)!(k);
      return { from, input: delta, weight, product: Math.fround(delta * weight) };
    });
    return largest(
      terms.map((term) => Math.abs(term.product)),
      this.#most,
    ).map((k) => terms[k]!);
  }

  #otherStep(layer: string, name: string, output: AnyNode): OtherStep {
    const own = this.#observer.tensors.filter((t) => t.layer === name && t.kind === "parameter");
    const all = own.flatMap((tensor) => {
      const gradient = this.#gradient(this.#observer.parameters.get(tensor.fullName)!);
      return gradient.map((value, index) => ({ tensor, index, size: Math.abs(value) }));
    });
    const chosen = largest(
      all.map((entry) => entry.size),
      this.#most,
    );
    const weights = chosen.map((i) => {
      const { tensor, index } = all[i]!;
      return this.#weightStep(tensor.fullName, index, `${tensor.fullName}[${place(tensor, index)}]`, []);
    });
    return {
      kind: "other",
      layer,
      output: this.#values(output).slice(0, 4 * this.#most),
      dOutput: this.#gradient(output).slice(0, 4 * this.#most),
      weights,
      omittedWeights: all.length - weights.length,
    };
  }

  #weightStep(parameter: string, index: number, symbol: string, factors: readonly Factor[]): WeightStep {
    const observer = this.#observer;
    const tensor = observer.tensors.find((t) => t.fullName === parameter)!;
    const node = observer.parameters.get(parameter)!;
    const value = observer.read(node).data[index]!;
    const gradient = this.#gradient(node)[index]!;
    const lossAt = (shift: number) => {
      observer.poke(parameter, index, value + shift);
      observer.again();
      return observer.scalar(observer.loss);
    };
    const numeric = compare(gradient, differenceQuotient(lossAt));
    observer.poke(parameter, index, value);
    observer.again();
    const after = this.#after[parameter]!.data[fileIndex(tensor, index)]!;
    const step = {
      ...{ name: `${parameter}[${place(tensor, index)}]`, symbol, value, factors, gradient, numeric, after },
      change: after - value,
    };
    this.#steps.push(step);
    return step;
  }
}

const nameOf = (name: string, i: number, count: number): string => (count === 1 ? name : `${name}${i + 1}`);

/** Indices of the element at `index` of row-major data. */
function unravel(shape: readonly number[], index: number): number[] {
  return shape.map((size, axis) => {
    const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Math.floor(index / stride) % size;
  });
}

/** Where an element of memory stands in the file's order. */
function fileIndex(
  { shape, view = shape, fileAxes = view.map((_, i) => i) }: ModelTensor,
  index: number,
): number {
  const own = unravel(view, index);
  return fileAxes.reduce((at, axis) => at * view[axis]! + own[axis]!, 0);
}

const place = (tensor: ModelTensor, index: number): string =>
  unravel(fileShapeOf(tensor), fileIndex(tensor, index)).join(", ");

function targetsOf({ y }: DataSet): number[] {
  if (y === undefined) return [];
  if (Array.isArray(y) || ArrayBuffer.isView(y)) return Array.from(y as ArrayLike<number>);
  return Object.values(y).flatMap((array) => Array.from(array as ArrayLike<number>));
}
