// What `train` does on request when the training is over: the doctor's findings, a report as a page.
// Place: command line; used by every command that trains. Invariant: it also runs when the training failed, whose
// error is then thrown by the caller.

import {
  type Assessment,
  assessClasses,
  assessValues,
  type DataSet,
  diagnose,
  diagnosisText,
  type FitHistory,
  reportPage,
  type Trainer,
} from "../api.ts";
import { checkWritable, writeBytes } from "./files.ts";
import type { Reporter } from "./progress.ts";

/** Options that ask for it. */
export interface ExaminationOptions {
  readonly doctor?: boolean;
  readonly report?: string;
}

export interface Examination {
  readonly trainer: Trainer;
  readonly history: FitHistory;
  readonly train: DataSet;
  /** Rows that were not trained on. */
  readonly test: DataSet;
  /** "classes": logits against labels; "probabilities": the model ends in a sigmoid or softmax; or plain values. */
  readonly outputs: "classes" | "probabilities" | "values";
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly classNames?: readonly string[];
}

/** Refuses a report that cannot be written, before the training. */
export async function checkExamination({ report }: ExaminationOptions): Promise<void> {
  if (report !== undefined) await checkWritable(report);
}

/** Prints findings and writes the report, as far as asked for. */
export async function examine(
  examination: Examination,
  options: ExaminationOptions,
  reporter: Reporter,
): Promise<void> {
  if (!options.doctor && options.report === undefined) return;
  const { trainer, history, train, test, outputs, title, facts, classNames } = examination;
  const diagnosis = await diagnose(trainer, train, { validation: test, history });
  if (options.doctor) {
    reporter.line(diagnosisText(diagnosis));
    for (const finding of diagnosis.findings) reporter.json({ event: "finding", ...finding });
    reporter.json({ event: "diagnosis", findings: diagnosis.findings.length, rows: diagnosis.rows });
  }
  if (options.report === undefined) return;
  const assessment = assess(trainer, test, outputs);
  const page = reportPage({
    ...{ title, facts, history, diagnosis },
    ...(assessment && { assessment }),
    ...(classNames && { classNames }),
  });
  await writeBytes(options.report, new TextEncoder().encode(page));
  reporter.line(`report saved to ${options.report}`);
  reporter.json({ event: "report", file: options.report });
}

function assess(trainer: Trainer, test: DataSet, outputs: Examination["outputs"]): Assessment | undefined {
  const predictions = trainer.predict(test.x, test.lengths ? { lengths: test.lengths } : {});
  const { y } = test;
  const flat = Array.isArray(y) || ArrayBuffer.isView(y) ? (y as ArrayLike<number>) : undefined;
  // Behind a training that failed there is nothing to assess.
  if (!(predictions instanceof Float32Array) || !flat || !predictions.every(Number.isFinite))
    return undefined;
  if (outputs === "values") return assessValues(predictions, flat);
  return assessClasses(predictions, flat, outputs === "classes");
}
