// The data as the network gets it: inputs of very different size, classes of very different number.
//
// Place: reads data on the host and the input of the first trained layer from the observer. Invariant: what the model
// itself scales (rescale, batchNorm) is judged behind that.

import type { RecordedObjective } from "../compile.ts";
import type { DataSet } from "../train/feeds.ts";
import type { Observer } from "../train/observe.ts";
import { type Finding, figure, percent } from "./finding.ts";
import { arraysOf } from "./rows.ts";

/** Root mean square of a column: initial weights are made for about 1. */
const LARGE = 10;
const SMALL = 0.01;
/** One column this many times the median drowns the others, if it is large at all. */
const UNEVEN = 30;
const UNEVEN_FROM = 3;
/** Rows of the most frequent class for each of the rarest. */
const IMBALANCE = 10;
/** Beyond this it is a vocabulary, whose words are never even. */
const MOST_CLASSES = 50;

/** The first value of the data that is NaN or infinite. */
export function badData(data: DataSet, rows: number): Finding[] {
  const named = [
    ...arraysOf(data.x, "x"),
    ...arraysOf(data.y, "y"),
    ...arraysOf(data.sampleWeights, "sampleWeights"),
  ];
  for (const [name, array] of named) {
    const at = Array.prototype.findIndex.call(array, (value: number) => !Number.isFinite(Math.fround(value)));
    if (at < 0) continue;
    let count = 0;
    for (let i = at; i < array.length; i++) if (!Number.isFinite(Math.fround(array[i]!))) count++;
    const columns = array.length / rows;
    const [row, column] = [Math.floor(at / columns), at % columns];
    return [
      {
        code: "not-finite",
        message: `${name} has ${array[at]} in row ${row}, column ${column} (${count} of ${array.length} values are not finite)`,
        evidence: { tensor: name, row, column, count },
        remedy: "Drop these rows, or replace the values (by the column's median) before training",
      },
    ];
  }
  return [];
}

interface Column {
  squares: number;
  sum: number;
  count: number;
}

/** Scale of the columns that reach the first trained layers. */
export class InputScales {
  readonly #observer: Observer;
  readonly #calls;
  readonly #columns = new Map<number, Column[]>();

  constructor(observer: Observer) {
    this.#observer = observer;
    const trained = new Set<number>();
    this.#calls = observer.calls.filter(({ nodes, inputs, output, op }) => {
      const behind = inputs.some((node) => trained.has(node.id));
      const own = nodes.some((node) => node.op === "parameter");
      if (behind || own) trained.add(output.id);
      return (
        own && !behind && op !== "batchNorm" && inputs[0]!.dtype === "f32" && inputs[0]!.shape.length > 1
      );
    });
  }

  add(): void {
    for (const { inputs } of this.#calls) {
      const [node] = inputs as [(typeof inputs)[number]];
      const { data, shape } = this.#observer.read(node);
      const width = shape.at(-1)!;
      const columns =
        this.#columns.get(node.id) ?? Array.from({ length: width }, () => ({ squares: 0, sum: 0, count: 0 }));
      this.#columns.set(node.id, columns);
      for (let i = 0; i < data.length; i++) {
        const column = columns[i % width]!;
        column.squares += data[i]! * data[i]!;
        column.sum += data[i]!;
        column.count++;
      }
    }
  }

  findings(): Finding[] {
    const seen = new Set<number>();
    return this.#calls.flatMap(({ inputs, label }): Finding[] => {
      const { id } = inputs[0]!;
      const columns = this.#columns.get(id);
      if (!columns || seen.has(id)) return [];
      seen.add(id);
      const sizes = columns.map(({ squares, count }) => Math.sqrt(squares / count));
      const sorted = sizes.filter((size) => size > 0).sort((a, b) => a - b);
      if (sorted.length === 0) return [];
      const largest = sorted.at(-1)!;
      const median = sorted[sorted.length >> 1]!;
      const column = sizes.indexOf(largest);
      const mean = columns[column]!.sum / columns[column]!.count;
      const uneven = largest > UNEVEN * median && largest > UNEVEN_FROM;
      if (largest <= LARGE && largest >= SMALL && !uneven) return [];
      const large = sizes.filter((size) => size > LARGE).length;
      const message =
        largest < SMALL
          ? `all ${sizes.length} input columns are below ${SMALL} in size (the largest ${figure(largest)})`
          : `input column ${column} has a size (root mean square) of ${figure(largest)}, mean ${figure(mean)}; the median ` +
            `of the columns is ${figure(median)}, and ${large} of ${sizes.length} are above ${LARGE}`;
      return [
        {
          code: "unscaled-inputs",
          layer: label,
          message,
          evidence: { column, size: largest, mean, median, above: large, columns: sizes.length },
          remedy:
            "Scale each column to mean 0 and spread 1 with the training rows' figures (standardize), or begin the model " +
            "with rescale() or batchNorm()",
        },
      ];
    });
  }
}

/** Class counts of targets that name classes: integer labels, 0/1 decisions, one-hot rows. */
export function classCounts(
  target: ArrayLike<number>,
  columns: number,
  integer: boolean,
): number[] | undefined {
  const counts: number[] = [];
  const count = (label: number) => {
    counts[label] = (counts[label] ?? 0) + 1;
  };
  if (columns === 1) {
    for (let i = 0; i < target.length; i++) {
      const label = target[i]!;
      if (!Number.isInteger(label) || label < 0 || label >= MOST_CLASSES || (!integer && label > 1))
        return undefined;
      count(label);
    }
  } else {
    for (let row = 0; row < target.length; row += columns) {
      let label = -1;
      for (let c = 0; c < columns; c++) {
        const value = target[row + c]!;
        if (value !== 0 && (value !== 1 || label >= 0)) return undefined;
        if (value === 1) label = c;
      }
      if (label < 0) return undefined;
      count(label);
    }
  }
  return Array.from(counts, (n) => n ?? 0);
}

const isWeighted = ({ loss }: RecordedObjective): boolean =>
  loss.results.length > 1 || loss.nodes.some((node) => node.op === "constant");

/** The loss of the best constant answer: the entropy of the classes, the spread of the values. */
export function bestConstant(
  objective: RecordedObjective,
  target: ArrayLike<number>,
  rows: number,
): number | undefined {
  if (objective.reduction !== "mean" || isWeighted(objective)) return undefined;
  const columns = target.length / rows;
  if (/CrossEntropy$/.test(objective.name)) {
    const counts = classCounts(target, columns, objective.target?.dtype === "i32");
    if (!counts || (columns > 1 && objective.name !== "softmaxCrossEntropy")) return undefined;
    const all = counts.reduce((a, b) => a + b, 0);
    return counts.reduce((sum, n) => sum - (n > 0 ? (n / all) * Math.log(n / all) : 0), 0);
  }
  if (objective.name !== "mse") return undefined;
  let sum = 0;
  for (let c = 0; c < columns; c++) {
    let mean = 0;
    for (let i = c; i < target.length; i += columns) mean += target[i]! / rows;
    for (let i = c; i < target.length; i += columns) sum += (target[i]! - mean) ** 2;
  }
  return sum / target.length;
}

/**
 * @param recallOf share of a class's rows that the model finds; undefined if that cannot be said
 */
export function imbalance(
  objective: RecordedObjective,
  target: ArrayLike<number>,
  rows: number,
  weighted: boolean,
  recallOf: (label: number) => number | undefined,
): Finding[] {
  const { name } = objective;
  const columns = target.length / rows;
  const integer = objective.target?.dtype === "i32";
  if (weighted || columns > MOST_CLASSES || (integer && columns > 1)) return [];
  // Class weights are a table of the loss; a focal loss is made for rare classes.
  if (isWeighted(objective) || /focal/i.test(name)) return [];
  const counts = classCounts(target, columns, integer);
  if (!counts) return [];
  const present = counts.filter((n) => n > 0);
  const [rarest, most] = [Math.min(...present), Math.max(...present)];
  if (present.length < 2 || most / rarest < IMBALANCE) return [];
  const [label, frequent] = [counts.indexOf(rarest), counts.indexOf(most)];
  const recall = recallOf(label);
  const found = recall === undefined ? "" : `; of the rare ones the model finds ${percent(recall)}`;
  return [
    {
      code: "class-imbalance",
      message:
        `class ${label} has ${rarest} of ${rows} rows, class ${frequent} has ${most}: always answering ${frequent} would be ` +
        `right in ${percent(most / rows)}${found}`,
      evidence: { counts, rarest: label, ...(recall !== undefined && { recall }) },
      remedy:
        "Weigh the classes (classWeights, positiveWeight or sampleWeights), resample the rows, and judge by PR-AUC or " +
        "recall at a chosen threshold, not by accuracy",
    },
  ];
}
