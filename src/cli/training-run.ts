// A training on the command line: epochs with progress, Ctrl-C, checkpoints, early stopping.
// Place: behind the commands that train. Invariant: an interrupted run gives "aborted" with the trainer's state complete.

import { basename, relative } from "node:path";
import type { DataSet, Trainer } from "../api.ts";
import { StateError } from "../errors.ts";
import type { EarlyStopping } from "../train/early-stopping.ts";
import { HistoryRecorder } from "../train/history.ts";
import type { Progress, StopReason } from "../train/run-loop.ts";
import type { Reporter } from "./progress.ts";

export interface TrainingRun {
  readonly trainer: Trainer;
  readonly train: DataSet;
  /** Rows whose loss is shown after each epoch. */
  readonly validation: DataSet;
  readonly epochs: number;
  readonly reporter: Reporter;
  readonly resumed: boolean;
  /** Called at the end of each epoch. */
  readonly checkpoint?: (() => Promise<void>) | undefined;
  readonly stopping?: EarlyStopping | undefined;
}

export interface TrainingEnd {
  readonly reason: StopReason | "stopped";
  readonly history: HistoryRecorder;
  readonly error?: Error | undefined;
}

/** The command stopped because the user wanted it to. Exit code 1, the message says how to go on. */
export class Interrupted extends StateError {
  override name = "Interrupted";
}

/** Runs the epochs, watching for Ctrl-C; gives why it ended. */
export async function runTraining(run: TrainingRun): Promise<TrainingEnd> {
  const { trainer, train, validation, epochs, reporter, stopping } = run;
  const history = new HistoryRecorder();
  const interruption = new AbortController();
  const interrupt = () => {
    // The second Ctrl-C does not wait for the slice to end.
    if (interruption.signal.aborted) process.exit(1);
    interruption.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  let final: Progress | undefined;
  let stopped = false;
  reporter.start(run.resumed);
  try {
    for await (const progress of trainer.run(train, { epochs, validation, signal: interruption.signal })) {
      final = progress;
      history.add(progress);
      if (progress.reason !== "aborted") reporter.update(progress);
      if (!progress.epochEnd) continue;
      await run.checkpoint?.();
      stopped = stopping?.after(progress, () => trainer.getWeights()) ?? false;
      if (stopped) break;
    }
  } finally {
    reporter.stop();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  const reason = stopped ? "stopped" : (final?.reason ?? "done");
  if (stopping?.weights && reason !== "aborted") trainer.setWeights(stopping.weights);
  return { reason, history, error: final?.error };
}

/** A word as a shell takes it whole. */
export function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How the user can start this program again: by its name where it is installed, else by its path. */
export function invocation(): string {
  const program = process.argv[1] ?? "edgegrad";
  return basename(program) === "edgegrad" ? "edgegrad" : `node ${quote(relative("", program))}`;
}

/** The error of a training that was interrupted: where its state is, and the words that go on from there. */
export function interruptedError(
  trainer: Trainer,
  checkpoint: string,
  words: readonly string[],
): Interrupted {
  const command = [invocation(), ...words.map(quote)].join(" ");
  const message = `interrupted at step ${trainer.steps}; checkpoint saved to ${checkpoint}. Go on with:\n  ${command}`;
  return new Interrupted("cli/interrupted", message, { checkpoint, step: trainer.steps });
}

/** Where the state of an interrupted training goes. */
export const checkpointBeside = (out: string): string =>
  `${out.replace(/\.safetensors$/, "")}.checkpoint.safetensors`;
