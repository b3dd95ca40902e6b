// `edgegrad find-lr`: a short training whose rate rises from step to step, its curve, and the rate to begin with.
// Place: command line. Invariant: writes no file; the network it trains is thrown away.

import {
  type Core,
  findLearningRate,
  type LearningRateSearch,
  type Model,
  type TrainerOptions,
} from "../api.ts";
import { createTraining } from "./classifier.ts";
import { isTableFile } from "./csv-file.ts";
import { classCount, loadImages } from "./data-source.ts";
import { lossCurve } from "./loss-curve.ts";
import { formatTable } from "./table.ts";
import { loadTable, type TableCommand } from "./table-data.ts";
import { checkTableOptions, refuseTableOptions } from "./table-options.ts";
import { type TableTrainerOptions, tableTraining } from "./table-trainer.ts";

/** Options of the command, as commander gives them. */
export interface FindRateCommand extends Omit<TableCommand, "data">, TableTrainerOptions {
  readonly data?: string;
  readonly model: string;
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly json?: boolean;
}

/** Lines of the table of rates. */
const SHOWN = 12;

/** Searches on the training rows of a table or a set of pictures. */
export async function findRate(
  core: Core,
  command: FindRateCommand,
  given: ReadonlySet<string>,
): Promise<void> {
  const { data, from, to, steps } = command;
  let training: { readonly model: Model; readonly options: Omit<TrainerOptions, "model"> };
  let rows: {
    readonly x: Float32Array | Uint8Array | Readonly<Record<string, Float32Array | Int32Array>>;
    readonly y: Float32Array | Int32Array | Uint8Array;
  };
  if (isTableFile(data)) {
    checkTableOptions(command, given);
    const table = await loadTable({ ...command, data });
    training = tableTraining(table.preprocessing, table.train, command);
    rows = table.train;
  } else {
    refuseTableOptions(given);
    const images = await loadImages(data);
    const { imageShape } = images.train;
    training = createTraining({ ...command, imageShape, classes: classCount(images) });
    rows = images.train;
  }
  const search = await findLearningRate(
    core,
    training.model,
    training.options,
    { x: rows.x, y: rows.y },
    { from, to, steps },
  );
  process.stdout.write(command.json ? `${JSON.stringify(search)}\n` : `${textOf(search)}\n`);
}

function textOf({ points, suggestion, reason }: LearningRateSearch): string {
  const every = Math.max(1, Math.ceil(points.length / SHOWN));
  const rows = points
    .filter((_, i) => i % every === 0)
    .map(({ learningRate, loss, smoothed }) =>
      [learningRate, loss, smoothed].map((value) => value.toPrecision(3)),
    );
  // Where it diverges the losses dwarf all others: the curve ends where they pass twice the first.
  const first = points[0]?.smoothed ?? 0;
  const end = points.findIndex(({ smoothed }) => smoothed > 2 * first);
  const curve = lossCurve(
    points.slice(0, end < 0 ? points.length : end).map(({ smoothed }) => smoothed),
    process.stdout.columns ?? 80,
  );
  return [
    ...(rows.length > 0 ? [formatTable([["rate", "loss", "smoothed"], ...rows], [0, 1, 2]), ""] : []),
    ...(curve === ""
      ? []
      : [`smoothed loss by rate, ${points[0]!.learningRate.toPrecision(2)} at the left`, curve, ""]),
    suggestion === null
      ? `no suggestion: ${reason}`
      : `begin with --learning-rate ${suggestion.toPrecision(2)}: ${reason}`,
  ].join("\n");
}
