// How a training shows itself: a bar on a terminal, plain lines where there is none, JSON lines for machines.
// Place: command line; fed with the trainer's progress.
// Invariant: with `json`, everything written to `out` is one JSON value a line.

import cliProgress from "cli-progress";
import type { Progress } from "../train/run-loop.ts";
import { lossCurve } from "./loss-curve.ts";

/** Where and how to report. */
export interface ReporterOptions {
  readonly json: boolean;
  readonly out: NodeJS.WriteStream;
  /** What the rows are whose loss is shown after each epoch; default "test". */
  readonly heldOut?: string;
  /** Clock in milliseconds; a test gives its own. */
  readonly now?: () => number;
}

/** Speed and what is left, from when the run began. */
export interface Pace {
  readonly samplesPerSecond: number;
  readonly secondsLeft: number;
}

/** Follows one run. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #now: () => number;
  #bar: cliProgress.SingleBar | undefined;
  #started = 0;
  /** Rows that were done before the clock started. */
  #before = 0;
  #resumed = false;
  #last: Progress | undefined;
  readonly #heldOut: string;
  readonly #losses: number[] = [];
  /** Lines on screen that the next curve replaces: the last curve with its epoch, and the bars below. */
  #replaceable = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#heldOut = options.heldOut ?? "test";
  }

  /** Starts the clock. A resumed run counts its speed from its first progress: what lies before was done earlier. */
  start(resumed = false): void {
    this.#started = this.#now();
    this.#resumed = resumed;
  }

  /** Shows the state after a slice. */
  update(progress: Progress): void {
    if (this.#resumed && !this.#last) this.#before = doneRows(progress);
    this.#last = progress;
    const pace = this.#pace(progress);
    if (this.#options.json) {
      if (progress.epochEnd) this.json({ event: "epoch", ...reportOf(progress), ...rounded(pace) });
    } else if (this.#options.out.isTTY) this.#drawBar(progress, pace);
    else if (progress.epochEnd) this.line(epochLine(progress, pace, this.#heldOut));
  }

  /** Ends the bar, so that other lines can follow. */
  stop(): void {
    const bar = this.#bar;
    this.#bar = undefined;
    bar?.stop();
  }

  /** Seconds since `start`. */
  get seconds(): number {
    return (this.#now() - this.#started) / 1000;
  }

  get last(): Progress | undefined {
    return this.#last;
  }

  /** A line for people; nothing where machines read. */
  line(text = ""): void {
    if (!this.#options.json) this.#options.out.write(`${text}\n`);
  }

  /** A record for machines; nothing where people read. */
  json(record: object): void {
    if (this.#options.json) this.#options.out.write(`${JSON.stringify(record)}\n`);
  }

  #pace(progress: Progress): Pace {
    const perSecond = (doneRows(progress) - this.#before) / Math.max(this.seconds, 1e-3);
    const left = progress.epochs * progress.rows - doneRows(progress);
    return { samplesPerSecond: perSecond, secondsLeft: perSecond > 0 ? left / perSecond : 0 };
  }

  #drawBar(progress: Progress, pace: Pace): void {
    if (!this.#bar) {
      this.#bar = new cliProgress.SingleBar({
        // Narrow enough for 100 columns with everything beside it.
        barsize: 20,
        format: "epoch {epoch}/{epochs} │{bar}│ {percentage}% · {figures} · {speed} samples/s · {left} left",
        barCompleteChar: "█",
        barIncompleteChar: "░",
        hideCursor: true,
        stream: this.#options.out,
        // One draw per slice is already less than the eye sees; the bar must not keep the process alive.
        noTTYOutput: false,
        gracefulExit: false,
      });
      this.#bar.start(progress.rows, progress.row, payload(progress, pace, this.#heldOut));
    }
    this.#bar.update(progress.row, payload(progress, pace, this.#heldOut));
    if (progress.epochEnd) {
      // The finished epoch stays on screen as its own line under the curve; the next one gets a new bar.
      this.stop();
      this.#drawCurve(progress, pace);
    }
  }

  /** Replaces the curve of the epochs before, and the line of the last one, by a curve with one point more. */
  #drawCurve(progress: Progress, pace: Pace): void {
    const { out } = this.#options;
    const columns = out.columns ?? 80;
    this.#losses.push(progress.loss);
    this.#replaceable += 1;
    const curve = lossCurve(this.#losses, columns);
    if (curve === "") return;
    // A line that wraps would be two to go up over.
    const line = epochLine(progress, pace, this.#heldOut).slice(0, columns - 1);
    out.write(`\x1b[${this.#replaceable}A\x1b[0J${curve}\n${line}\n`);
    this.#replaceable = curve.split("\n").length + 1;
  }
}

/** Rows of all epochs so far. */
function doneRows({ epoch, rows, row }: Progress): number {
  return (epoch - 1) * rows + row;
}

function payload(progress: Progress, pace: Pace, heldOut: string) {
  return {
    epoch: progress.epoch,
    epochs: progress.epochs,
    figures: figures(progress, heldOut),
    speed: Math.round(pace.samplesPerSecond).toLocaleString("en-US"),
    left: duration(pace.secondsLeft),
  };
}

/** "loss 0.1234 · accuracy 97.12 %", with the validation's where there are some. */
function figures({ loss, metrics, validation }: Progress, heldOut: string): string {
  const text = (name: string, value: number) =>
    name.endsWith("accuracy") ? `${name} ${(100 * value).toFixed(2)}%` : `${name} ${value.toFixed(4)}`;
  const parts = Object.entries({ loss, ...metrics }).map(([name, value]) => text(name, value));
  if (validation?.accuracy !== undefined) parts.push(text(`${heldOut} accuracy`, validation.accuracy));
  else if (validation?.loss !== undefined) parts.push(text(`${heldOut} loss`, validation.loss));
  return parts.join(" · ");
}

function epochLine(progress: Progress, pace: Pace, heldOut: string): string {
  const speed = Math.round(pace.samplesPerSecond).toLocaleString("en-US");
  const left = progress.epoch < progress.epochs ? ` · ${duration(pace.secondsLeft)} left` : "";
  return `epoch ${progress.epoch}/${progress.epochs} · ${figures(progress, heldOut)} · ${speed} samples/s${left}`;
}

/** The progress as a flat record. */
function reportOf({ epoch, epochs, step, loss, metrics, validation }: Progress) {
  return { epoch, epochs, step, loss, ...metrics, ...(validation && { validation }) };
}

function rounded({ samplesPerSecond, secondsLeft }: Pace) {
  return { samplesPerSecond: Math.round(samplesPerSecond), secondsLeft: Number(secondsLeft.toFixed(2)) };
}

/** "8 s", "3 min 05 s", "2 h 10 min". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}
