// Counts which class is taken for which, and prints the counts as a table.
// Place: command line, pure functions.
// Invariant: the counts sum to the number of samples; rows are the truth, columns the prediction.

import { ShapeError } from "../errors.ts";

/** Row-major `classes`×`classes` counts of (truth, prediction) pairs. */
export function confusionMatrix(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Uint32Array {
  if (truth.length !== predicted.length) {
    const message = `confusionMatrix: expected ${truth.length} predictions, one per label, got ${predicted.length}`;
    throw new ShapeError("shape/labels", message, { expected: truth.length, got: predicted.length });
  }
  const counts = new Uint32Array(classes * classes);
  for (let i = 0; i < truth.length; i++) {
    for (const value of [truth[i]!, predicted[i]!]) {
      if (!Number.isInteger(value) || value < 0 || value >= classes) {
        const message = `confusionMatrix: row ${i} holds class ${value}, expected 0 to ${classes - 1}`;
        throw new ShapeError("shape/label-range", message, { row: i });
      }
    }
    counts[truth[i]! * classes + predicted[i]!]!++;
  }
  return counts;
}

/** The counts as rows, for machines. */
export function confusionRows(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = confusionMatrix(truth, predicted, classes);
  return Array.from({ length: classes }, (_, i) => [...counts.subarray(i * classes, (i + 1) * classes)]);
}

/** The table as text, with each class's recall (share of its samples that were found) at the end of its row. */
export function formatConfusionMatrix(counts: ArrayLike<number>, names?: readonly string[]): string {
  const classes = Math.sqrt(counts.length);
  const labels = Array.from({ length: classes }, (_, i) => names?.[i] ?? String(i));
  const cell = (row: number, column: number) => counts[row * classes + column]!;
  const width =
    1 + Math.max(...labels.map((label) => label.length), ...Array.from(counts, (n) => String(n).length));
  const head = Math.max("truth".length, ...labels.map((label) => label.length));
  const line = (first: string, cells: readonly string[], last: string) =>
    `${first.padStart(head)} │${cells.map((text) => text.padStart(width)).join("")} │${last.padStart(7)}`.trimEnd();
  const rows = labels.map((label, row) => {
    const cells = labels.map((_, column) => cell(row, column));
    const total = cells.reduce((sum, n) => sum + n, 0);
    const recall = total ? `${((100 * cells[row]!) / total).toFixed(1)}%` : "–";
    // An empty cell is drawn as a dot, so that the mistakes stand out.
    return line(
      label,
      cells.map((n) => (n ? String(n) : "·")),
      recall,
    );
  });
  const rule = `${"─".repeat(head + 1)}┼${"─".repeat(classes * width + 1)}┼${"─".repeat(7)}`;
  return [line("truth", labels, "recall"), rule, ...rows].join("\n");
}

/** The table of some images; labels the model has no output for get their own rows. */
export function confusionTable(
  { y }: { readonly y: Uint8Array },
  predicted: Uint32Array,
  classes: number,
  names?: readonly string[],
): string {
  const most = y.reduce((max, label) => Math.max(max, label), classes - 1);
  return formatConfusionMatrix(confusionMatrix(y, predicted, most + 1), names);
}
