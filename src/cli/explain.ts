// `edgegrad explain`: one training step taken apart, of a classic case or of a model file and a row.
// Place: command line. Invariant: trains copies only; the file it reads is not changed.

import {
  binaryCrossEntropy,
  ConfigError,
  type Core,
  EdgegradError,
  type ExampleName,
  type Explanation,
  exampleNames,
  examplePage,
  exampleText,
  explain,
  explanationPage,
  explanationText,
  type Loss,
  loadModel,
  mse,
  runExample,
  sgd,
  softmaxCrossEntropy,
  updateMillion,
} from "../api.ts";
import { FORMAT } from "../io/model-file.ts";
import { readSafetensors } from "../io/safetensors.ts";
import { checkWritable, naming, readBytes, writeBytes } from "./files.ts";
import { formatCount } from "./table.ts";

/** Options of the command, as commander gives them. */
export interface ExplainCommand {
  readonly example?: ExampleName;
  readonly sample?: string;
  readonly target?: string;
  readonly loss?: LossName;
  readonly learningRate: number;
  readonly html?: string;
  readonly million?: boolean;
  readonly json?: boolean;
}

const LOSSES = {
  mse: () => mse(),
  "binary-cross-entropy": () => binaryCrossEntropy(),
  "softmax-cross-entropy": () => softmaxCrossEntropy(),
} satisfies Record<string, () => Loss>;

type LossName = keyof typeof LOSSES;
export const lossNames = Object.keys(LOSSES) as LossName[];
export { exampleNames };

/** Explains what the options name; without a file and an example, the smallest example. */
export async function explainCommand(
  core: Core,
  file: string | undefined,
  command: ExplainCommand,
): Promise<void> {
  refuseContradictions(file, command);
  if (command.html !== undefined) await checkWritable(command.html);
  const print = (record: object, text: string) => {
    process.stdout.write(command.json ? `${JSON.stringify(record)}\n` : `${text}\n`);
  };
  const save = async (page: () => string) => {
    if (command.html === undefined) return;
    await writeBytes(command.html, new TextEncoder().encode(page()));
    if (!command.json) process.stdout.write(`\npage saved to ${command.html}\n`);
  };
  if (command.million) {
    const result = updateMillion(core);
    const { parameters, milliseconds, steps, first, learningRate } = result;
    print(
      result,
      `${parameters} weights: forward pass, backward pass and update are one call and take ${milliseconds.toFixed(2)} ms\n` +
        `(median of ${steps} steps; ${formatCount((1000 * parameters) / milliseconds)} weights a second). The first weight: ` +
        `${first.before.toFixed(6)} − ${learningRate} · (${first.gradient.toFixed(6)}) = ${first.after.toFixed(6)}`,
    );
    return;
  }
  if (file === undefined) {
    const run = runExample(core, command.example ?? "linear");
    print(run, exampleText(run));
    await save(() => examplePage(run));
    return;
  }
  const explanation = await explainFile(core, file, command);
  print(explanation, explanationText(explanation));
  await save(() => explanationPage(explanation, { title: file }));
}

function refuseContradictions(file: string | undefined, command: ExplainCommand): void {
  const refuse = (message: string, option: string): never => {
    throw new ConfigError("config/explain", message, { option });
  };
  const ways = [
    ...(file === undefined ? [] : ["a model file"]),
    ...(command.example === undefined ? [] : ["--example"]),
    ...(command.million ? ["--million"] : []),
  ];
  if (ways.length > 1) refuse(`give one of them: ${ways.join(", ")}`, "example");
  if (command.million && command.html !== undefined)
    refuse("--million has no page: leave out --html", "html");
  if (file === undefined)
    for (const option of ["sample", "target", "loss"] as const)
      if (command[option] !== undefined) refuse(`--${option} goes with a model file`, option);
}

/** "1,0,0.5" as numbers. */
function numbersOf(option: string, text: string | undefined, what: string): number[] {
  if (text === undefined)
    throw new ConfigError("config/explain", `with a model file give --${option} ${what}`, { option });
  const parts = text.split(",").map((part) => part.trim());
  const bad = parts.find((part) => part === "" || !Number.isFinite(Number(part)));
  if (bad !== undefined)
    throw new ConfigError(
      "config/explain",
      `--${option}: expected numbers with commas between them, such as 1,0,0.5; got "${bad}"`,
      { option },
    );
  return parts.map(Number);
}

/** A checkpoint brings its loss and optimizer along; a model file is given some. */
async function explainFile(core: Core, file: string, command: ExplainCommand): Promise<Explanation> {
  const bytes = await readBytes(file);
  const x = numbersOf("sample", command.sample, "<numbers>, one row of the model's input");
  const y = numbersOf("target", command.target, "<numbers>, what the row should give");
  const sample = { x, y };
  const { metadata } = naming(file, () => readSafetensors(bytes));
  if (metadata[FORMAT]?.startsWith("checkpoint/")) {
    if (command.loss !== undefined)
      throw new ConfigError("config/explain", "--loss comes from the checkpoint; leave it out", {
        option: "loss",
      });
    using trainer = naming(file, () => core.resume(bytes));
    return explain(trainer, sample);
  }
  const { model, weights } = naming(file, () => loadModel(bytes));
  const name =
    command.loss ?? (y.length === 1 && outputsOf(core, bytes, x) > 1 ? "softmax-cross-entropy" : "mse");
  const optimizer = sgd({ learningRate: command.learningRate });
  try {
    return explain(model, sample, { core, weights, loss: LOSSES[name](), optimizer });
  } catch (error) {
    if (error instanceof EdgegradError && error.code === "config/timeSteps")
      throw new ConfigError(
        error.code,
        `${file}: a model whose time varies can be explained from a checkpoint only`,
        { file },
      );
    throw error;
  }
}

/** Values of one row of the model's output. */
function outputsOf(core: Core, bytes: Uint8Array, x: readonly number[]): number {
  using predictor = core.predictor(bytes, { batchSize: 1 });
  return predictor.predict(x).length as number;
}
