// diagnose: looks for what goes wrong in a training, and says on what evidence and what to do.
//
// Place: a function of its own, so that a trainer does not carry the checks; `edgegrad train --doctor` prints it.
// Invariant: the trainer is the same before and after, to the bit.

import type { AnyNode } from "../graph/ops.ts";
import type { BaseTrainer } from "../train/base-trainer.ts";
import type { DataSet, NumericArray } from "../train/feeds.ts";
import { Observer } from "../train/observe.ts";
import { yieldToEventLoop } from "../train/yield.ts";
import { type Curves, divergence, overfitting, stagnation, thrownOff } from "./curves.ts";
import { badData, bestConstant, InputScales, imbalance } from "./data.ts";
import { type Diagnosis, type Finding, figure, type Losses, type RateTrial } from "./finding.ts";
import { LayerTallies } from "./layers.ts";
import { arraysOf, shuffledOrder, shuffleTargets, takeData } from "./rows.ts";
import { FACTORS, isLearned, rateFindings, tryRate } from "./trial.ts";

export interface DiagnoseOptions {
  /** Rows that are not trained on: whether the network learns its rows by heart. */
  readonly validation?: DataSet;
  /** What `fit` gave. */
  readonly history?: Curves;
  /** Rows to look at, default 512. */
  readonly rows?: number;
  /** Steps of each trial of the learning rate, default 60 (fewer for large models); 0: no trials. */
  readonly trialSteps?: number;
}

/** Work of all trials together, so that a large model is not trained for long. */
const TRIAL_FLOPS = 3e10;
const LEAST_STEPS = 10;

/**
 * Looks inside some batches, tries lower and higher rates on copies, and reads the curves.
 *
 * @returns findings, the gravest first; none where nothing is wrong
 * @example
 * const { findings } = await diagnose(trainer, { x, y }, { validation, history });
 * for (const { layer, message, remedy } of findings) console.log(layer, message, remedy);
 */
export async function diagnose(
  trainer: BaseTrainer,
  data: DataSet,
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const observer = new Observer(trainer);
  try {
    return await new Examination(trainer, observer, data, options).run();
  } finally {
    observer.dispose();
  }
}

/** The op as the field calls it. */
function nameOf(node: AnyNode): string {
  if (node.op === "unary" || node.op === "binary") return node.attrs.fn;
  return node.op === "defined" ? node.attrs.definition.name : node.op;
}

class Examination {
  readonly #trainer: BaseTrainer;
  readonly #observer: Observer;
  readonly #data: DataSet;
  readonly #options: DiagnoseOptions;
  readonly #allRows: number;
  /** The rows looked at, in an order of their own. */
  readonly #probe: DataSet;
  readonly #rows: number;

  constructor(trainer: BaseTrainer, observer: Observer, data: DataSet, options: DiagnoseOptions) {
    this.#trainer = trainer;
    this.#observer = observer;
    this.#data = data;
    this.#options = options;
    this.#allRows = observer.feeds(data).rows;
    this.#rows = Math.min(this.#allRows, options.rows ?? 512);
    this.#probe = this.#some(data, this.#rows, 1);
  }

  #some(data: DataSet, rows: number, seed: number): DataSet {
    const all = this.#observer.feeds(data).rows;
    return takeData(data, all, shuffledOrder(all, seed).slice(0, rows));
  }

  async run(): Promise<Diagnosis> {
    const observer = this.#observer;
    const tallies = new LayerTallies(observer);
    const scales = new InputScales(observer);
    const failed = [
      ...divergence(this.#options.history),
      ...badData(this.#data, this.#allRows),
      ...this.#badWeights(),
    ];
    const badRows = failed.some((finding) => finding.evidence.tensor !== undefined);
    for (let from = 0; from < this.#rows && !badRows; from += observer.batchSize) {
      const to = Math.min(from + observer.batchSize, this.#rows);
      observer.run(this.#probe, from, to);
      const bad = this.#firstBadValue();
      if (bad) {
        failed.push(bad);
        break;
      }
      tallies.add(to - from);
      scales.add();
      await yieldToEventLoop();
    }
    const base = { rows: this.#rows };
    if (failed.some((finding) => finding.evidence.losses === undefined)) {
      const findings = [...failed, ...(badRows ? [] : scales.findings())];
      return { ...base, findings, layers: [], trials: [] };
    }
    const losses = this.#losses();
    const trials = await this.#trials();
    const rate = rateFindings(trials, losses);
    const thrown = rate.some(({ code }) => code === "learning-rate-high")
      ? []
      : thrownOff(this.#options.history, losses);
    const findings = [
      ...failed,
      ...thrown,
      ...(rate.some(({ code }) => code === "loss-not-falling")
        ? []
        : stagnation(this.#options.history, losses)),
      ...rate,
      ...tallies.findings(isLearned(losses)),
      ...scales.findings(),
      ...this.#imbalance(),
      ...overfitting(losses, this.#options.history),
    ];
    return { ...base, findings, losses, layers: tallies.reports(), trials };
  }

  #losses(): Losses {
    const { validation } = this.#options;
    const held = validation && this.#some(validation, this.#rows, 2);
    const shuffled = this.#trainer.evaluate(shuffleTargets(this.#probe, this.#rows)).loss;
    return {
      train: this.#trainer.evaluate(this.#probe).loss,
      guessing: Math.min(shuffled, this.#bestConstant() ?? shuffled),
      ...(held && { validation: this.#trainer.evaluate(held).loss }),
    };
  }

  /** The loss of the best constant answer, where the loss says how to find it. */
  #bestConstant(): number | undefined {
    const { objectives } = this.#observer.state.state;
    const [target, more] = arraysOf(this.#probe.y, "y");
    const [objective] = objectives;
    if (!target || more || objectives.length > 1 || this.#probe.sampleWeights) return undefined;
    return bestConstant(objective!, target[1], this.#rows);
  }

  async #trials(): Promise<RateTrial[]> {
    const { trialSteps = 60 } = this.#options;
    if (trialSteps === 0) return [];
    const { flopsPerStep, batchSize } = this.#trainer.plan;
    const affordable = Math.floor(TRIAL_FLOPS / (FACTORS.length * Math.max(flopsPerStep, 1)));
    const steps = Math.min(trialSteps, Math.max(LEAST_STEPS, affordable));
    const order = shuffledOrder(this.#allRows, 3);
    const most = Math.ceil(this.#allRows / batchSize);
    const batches = Array.from({ length: Math.min(steps, most) }, (_, i) =>
      takeData(this.#data, this.#allRows, order.slice(i * batchSize, (i + 1) * batchSize)),
    );
    const trials: RateTrial[] = [];
    for (const factor of FACTORS) {
      trials.push(await tryRate(this.#trainer, factor, batches, steps, this.#probe));
      await yieldToEventLoop();
    }
    return trials;
  }

  #badWeights(): Finding[] {
    for (const [name, { data }] of Object.entries(this.#observer.state.weights)) {
      const at = data.findIndex((value) => !Number.isFinite(value));
      if (at < 0) continue;
      const count = data.reduce((sum, value) => sum + Number(!Number.isFinite(value)), 0);
      return [
        {
          code: "not-finite",
          layer: name,
          message: `${name} holds ${data[at]} (${count} of ${data.length} values are not finite)`,
          evidence: { tensor: name, count },
          remedy: "Load weights from before they became so: a trainer never writes such values itself",
        },
      ];
    }
    return [];
  }

  /** The op at which a value first became infinite or NaN. */
  #firstBadValue(): Finding | undefined {
    const observer = this.#observer;
    const { nodes } = observer.builder;
    const worst = (node: AnyNode) => {
      let size = 0;
      for (const value of observer.read(node).data) if (Math.abs(value) > size) size = Math.abs(value);
      return size;
    };
    for (const node of nodes) {
      if (node.dtype !== "f32" || node.op === "input" || node.op === "parameter" || node.op === "state")
        continue;
      const { data, shape } = observer.read(node);
      const at = data.findIndex((value) => !Number.isFinite(value));
      if (at < 0) continue;
      const row = shape.length > 0 ? Math.floor(at / (data.length / shape[0]!)) : 0;
      const backwards = node.id > observer.loss.id;
      const name = nameOf(node);
      const inputs = node.inputs.map((id) => worst(nodes[id]!));
      return {
        code: "not-finite",
        layer: node.layer,
        message:
          `${backwards ? "the backward pass of " : ""}${name} first gives ${data[at]}, in row ${row} of a batch; its ` +
          `${inputs.length > 1 ? "operands reach" : "operand reaches"} ${inputs.map(figure).join(" and ")} in size`,
        evidence: { op: name, row, operands: inputs },
        remedy:
          "Scale the inputs, use smaller initial weights, a loss that takes logits (its softmax or sigmoid cannot overflow), " +
          "a lower learning rate, or clipNorm",
      };
    }
    return undefined;
  }

  #imbalance(): Finding[] {
    const { objectives } = this.#observer.state.state;
    const targets = arraysOf(this.#data.y, "y");
    const weighted = this.#data.sampleWeights !== undefined;
    return objectives.flatMap((objective) => {
      const name = targets.length === 1 ? targets[0]![0] : `y.${objective.output}`;
      const target = targets.find(([own]) => own === name)?.[1];
      if (!target || !objective.target) return [];
      const recall = (label: number) => (targets.length === 1 ? this.#recall(target, label) : undefined);
      return imbalance(objective, target, this.#allRows, weighted, recall);
    });
  }

  /** Share of a class's rows (512 at most) that the largest output, or an output above its middle, names. */
  #recall(target: NumericArray, label: number): number | undefined {
    const columns = target.length / this.#allRows;
    if (columns > 1) return undefined;
    const rows: number[] = [];
    for (let i = 0; i < target.length && rows.length < 512; i++) if (target[i] === label) rows.push(i);
    const part = takeData(this.#data, this.#allRows, rows);
    const output = this.#trainer.predict(part.x, part.lengths ? { lengths: part.lengths } : {});
    if (!(output instanceof Float32Array)) return undefined;
    const classes = output.length / rows.length;
    // One output: a logit, or a probability if the model ends in a sigmoid.
    const last = [...this.#observer.outputs.values()][0]!;
    const middle = last.op === "unary" && last.attrs.fn === "sigmoid" ? 0.5 : 0;
    let found = 0;
    rows.forEach((_, i) => {
      let best = 0;
      for (let c = 1; c < classes; c++) if (output[i * classes + c]! > output[i * classes + best]!) best = c;
      found += Number((classes === 1 ? Number(output[i]! > middle) : best) === label);
    });
    return found / rows.length;
  }
}
