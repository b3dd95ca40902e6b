// A training as a page of its own: curves, how good the predictions are, what the doctor found.
//
// Place: written by `edgegrad train --report`. Invariant: self-contained (see page/frame.ts); a part whose figures are
// absent is left out, not drawn empty.

import type { Diagnosis, Finding } from "../diagnose/finding.ts";
import { findingTitle } from "../diagnose/text.ts";
import { lineChart } from "../page/chart.ts";
import { escapeText, htmlFacts, htmlPage, htmlTable } from "../page/frame.ts";
import { number } from "../page/number.ts";
import type { FitHistory } from "../train/history.ts";
import type { Assessment, ClassAssessment, ValueAssessment } from "./assessment.ts";

export interface TrainingReport {
  readonly title: string;
  /** What was trained on what: [name, value]. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  /** What `fit` gave. */
  readonly history?: Pick<FitHistory, "epoch" | "loss" | "metrics">;
  /** Of rows that were not trained on. */
  readonly assessment?: Assessment;
  readonly classNames?: readonly string[];
  readonly diagnosis?: Diagnosis;
}

/** More classes than this make no readable table: those most often mistaken are shown. */
const MOST_CLASSES = 20;

/** With a space that does not break. */
const percent = (share: number): string =>
  `${Number((100 * share).toFixed(share > 0.99 || share < 0.1 ? 2 : 1))}\u00a0%`;

const sentence = (text: string): string => escapeText(text.charAt(0).toUpperCase() + text.slice(1));

/** The report as one HTML document that needs no network. */
export function reportPage(report: TrainingReport): string {
  const { title, facts = [], history, assessment, classNames, diagnosis } = report;
  const body = [
    `<h1>${escapeText(title)}</h1>`,
    htmlFacts([
      ...facts.map(([name, value]) => [value, name] as const),
      ...(assessment ? factsOf(assessment) : []),
    ]),
    ...(history && history.loss.length > 0 ? ["<h2>Curves</h2>", curves(history)] : []),
    ...(assessment?.kind === "classes" ? classSections(assessment, classNames) : []),
    ...(assessment?.kind === "values" ? valueSections(assessment) : []),
    ...(diagnosis ? doctorSections(diagnosis) : []),
  ];
  return htmlPage(title, body.join("\n"));
}

function factsOf(assessment: Assessment): (readonly [string, string])[] {
  if (assessment.kind === "classes")
    return [
      [percent(assessment.accuracy), `accuracy on ${assessment.rows} test rows`],
      [percent(assessment.calibrationError), "calibration error"],
    ];
  const { rootMeanSquaredError: rmse, meanAbsoluteError: mae, rSquared } = assessment;
  return [
    [number(rmse, 4), `root mean squared error on ${assessment.rows} test rows`],
    [number(mae, 4), "mean absolute error"],
    ...(rSquared === undefined ? [] : [[number(rSquared, 4), "R²"] as const]),
  ];
}

function curves({ epoch, loss, metrics }: NonNullable<TrainingReport["history"]>): string {
  const all: Readonly<Record<string, readonly number[]>> = { loss, ...metrics };
  const names = Object.keys(all).filter((name) => !name.startsWith("val_"));
  const points = (values: readonly number[]) => values.map((value, i) => [epoch[i]!, value] as const);
  const charts = names.map((name) => {
    const held = all[`val_${name}`];
    return lineChart({
      x: "epoch",
      y: name,
      series: [
        { name: `${name}, training`, points: points(all[name]!) },
        ...(held ? [{ name: `${name}, validation`, points: points(held) }] : []),
      ],
    });
  });
  return `<div class="grid">${charts.join("")}</div>`;
}

function classSections(assessment: ClassAssessment, names: readonly string[] = []): string[] {
  const { confusion, bins, calibrationError } = assessment;
  return [
    "<h2>Which class is taken for which</h2>",
    confusionTable(confusion, names),
    "<h2>Calibration: is confidence deserved?</h2>",
    `<p>Rows are grouped by the probability of the class that the model named. On the diagonal 80 % sure means right in ` +
      `80 % of the cases; below it the model is too sure. The mean distance is ${percent(calibrationError)}.</p>`,
    `<div class="grid">${lineChart({
      x: "confidence",
      y: "share that is right",
      xRange: [0, 1],
      yRange: [0, 1],
      series: [
        { name: "model", points: bins.map((bin) => [bin.confidence, bin.accuracy] as const) },
        { name: "perfectly calibrated", points: [0, 1].map((v) => [v, v] as const), color: "soft" },
      ],
    })}<div>${htmlTable(
      ["confidence", "right", "rows"],
      bins.map((bin) => [percent(bin.confidence), percent(bin.accuracy), String(bin.rows)]),
    )}</div></div>`,
  ];
}

function confusionTable(confusion: readonly (readonly number[])[], names: readonly string[]): string {
  const mistakes = confusion.map((row, c) =>
    row.reduce((sum, n, k) => sum + (k === c ? 0 : n + confusion[k]![c]!), 0),
  );
  const shown = confusion
    .map((_, c) => c)
    .sort((a, b) => mistakes[b]! - mistakes[a]! || a - b)
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a - b);
  const name = (c: number) => escapeText(names[c] ?? String(c));
  const most = Math.max(1, ...confusion.flatMap((row, c) => row.filter((_, k) => k !== c)));
  const rows = shown.map((truth) => {
    const row = confusion[truth]!;
    const total = row.reduce((a, b) => a + b, 0);
    const cells = shown.map((c) => {
      const n = row[c]!;
      if (c === truth) return `<b class="good">${n}</b>`;
      if (n === 0) return '<span class="soft">·</span>';
      const strength = Math.round(20 + (60 * n) / most);
      return `<span style="display:block;border-radius:.25rem;padding:0 .3rem;background:color-mix(in srgb,var(--minus) ${strength}%,transparent)">${n}</span>`;
    });
    return [name(truth), ...cells, String(total), total > 0 ? percent(row[truth]! / total) : "–"];
  });
  const hidden =
    shown.length < confusion.length
      ? `<p class="soft">The ${shown.length} of ${confusion.length} classes with the most mistakes.</p>`
      : "";
  return `${htmlTable(["truth ↓ prediction →", ...shown.map(name), "rows", "found"], rows)}${hidden}`;
}

function valueSections({ pairs }: ValueAssessment): string[] {
  const values = pairs.flat().filter(Number.isFinite);
  const range = [Math.min(...values), Math.max(...values)] as const;
  return [
    "<h2>Predicted against true values</h2>",
    lineChart({
      x: "target",
      y: "prediction",
      series: [
        { name: "rows", points: pairs, dots: true },
        { name: "exact", points: range.map((v) => [v, v] as const), color: "soft" },
      ],
    }),
  ];
}

const findingCard = (finding: Finding): string =>
  `<div class="card" style="border-left:.3rem solid var(--minus)"><h3>${sentence(findingTitle(finding))}</h3>` +
  `<p>${sentence(finding.message)}.</p><p><b>What to do:</b> ${escapeText(finding.remedy)}.</p></div>`;

function doctorSections({ findings, rows, losses, layers, trials }: Diagnosis): string[] {
  const share = (value: number | undefined) => (value === undefined ? "" : percent(value));
  return [
    "<h2>Doctor</h2>",
    findings.length === 0
      ? `<p class="good">Nothing found in ${rows} rows: gradients, activations, learning rate, inputs, classes and curves look healthy.</p>`
      : findings.map(findingCard).join("\n"),
    ...(layers.length > 0
      ? [
          "<h3>Layers</h3>",
          htmlTable(
            ["layer", "size of output", "gradient", "idle units", "saturated"],
            layers.map((layer) => [
              escapeText(layer.layer),
              ...[number(layer.output, 3), number(layer.gradient, 3)],
              layer.units === undefined ? "" : `${layer.dead} of ${layer.units}`,
              share(layer.saturated),
            ]),
          ),
        ]
      : []),
    ...(trials.length > 0
      ? [
          "<h3>Other learning rates</h3>",
          `<p>Loss over ${rows} rows after ${trials[0]!.steps} more steps on a copy, from ${number(trials[0]!.before, 4)}${
            losses ? ` (guessing gives ${number(losses.guessing, 4)})` : ""
          }.</p>`,
          htmlTable(
            ["rate", "loss"],
            trials.map((trial) => [
              `${number(trial.learningRate, 3)}${trial.factor === 1 ? " (its own)" : ""}`,
              trial.diverged ? '<span class="bad">diverges</span>' : number(trial.after, 4),
            ]),
          ),
        ]
      : []),
  ];
}
