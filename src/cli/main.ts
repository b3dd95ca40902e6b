// The command `edgegrad`: reads arguments, runs one command, turns every failure into one readable message.
// Place: the entry of the command line; bundled with its dependencies.
// Invariant: exit code 0 when the command did what was asked, else 1 and never a stack trace.

import { Command, Option } from "commander";
import { version } from "../../package.json";
import { EdgegradError } from "../errors.ts";
import { loadCore } from "../platform/default.ts";
import { classifierNames } from "./classifier.ts";
import { applyConfigFile } from "./config-file.ts";
import { type CrossValidateCommand, crossValidateTable } from "./cross-validate.ts";
import { isTableFile } from "./csv-file.ts";
import { type DemoCommand, demo } from "./demo.ts";
import { type EvaluateCommand, evaluate } from "./evaluate.ts";
import { type ExplainCommand, exampleNames, explainCommand, lossNames } from "./explain.ts";
import { type FindRateCommand, findRate } from "./find-lr.ts";
import { type InspectCommand, inspect } from "./inspect.ts";
import { type PredictCommand, predict } from "./predict.ts";
import { predictTable, type TablePredictCommand } from "./predict-table.ts";
import {
  addTableOptions,
  optionWords,
  positiveNumber,
  refuseTableOptions,
  wholeNumber,
} from "./table-options.ts";
import { type TrainCommand, train } from "./train.ts";
import { type TrainTableCommand, trainTable } from "./train-table.ts";

const dataOption = () =>
  new Option(
    "--data <path>",
    "CSV file, or folder of MNIST-style IDX files, or of PNG and JPEG pictures in a folder for each class",
  );
const configOption = () => new Option("--config <file>", "options from a JSON file; what is typed here wins");
const jsonOption = () => new Option("--json", "write JSON, one value a line");

/** Options of every command that trains. */
function addTrainingOptions(command: Command, out: string): Command {
  return command
    .addOption(dataOption().default(undefined, "digits drawn on the spot"))
    .addOption(new Option("--model <name>", "what to train").choices(classifierNames).default("mlp"))
    .option(
      "--epochs <n>",
      "passes over the data, counted from the very start (for tables 50)",
      wholeNumber(1),
      5,
    )
    .option("--batch-size <n>", "rows of a training step (for tables 32)", wholeNumber(1), 64)
    .option("--learning-rate <rate>", "Adam's step size", positiveNumber, 1e-3)
    .option("--seed <n>", "of initial weights and order", wholeNumber(0), 0)
    .option("--out <file>", "where the model goes", out);
}

/** Options that were typed or came from `--config`, by name. */
function givenOptions(command: Command): Set<string> {
  const given = (name: string) => ["cli", "config"].includes(command.getOptionValueSource(name) ?? "");
  return new Set(Object.keys(command.opts()).filter(given));
}

/** A table has fewer rows than a set of pictures: more passes, smaller steps. */
const TABLE_DEFAULTS = { epochs: 50, batchSize: 32 } as const;

/** Options with the defaults of tables where nothing was said. */
function forTable<T extends { epochs: number; batchSize: number }>(
  options: T,
  given: ReadonlySet<string>,
): T {
  const unsaid = Object.entries(TABLE_DEFAULTS).filter(([name]) => !given.has(name));
  return { ...options, ...Object.fromEntries(unsaid) };
}

function commandLine(): Command {
  const program = new Command("edgegrad")
    .description("Train and run neural networks from the command line.")
    .version(version)
    .showHelpAfterError("(say --help for what there is)")
    .hook("preAction", async (_, action) => applyConfigFile(action));
  addTableOptions(addTrainingOptions(program.command("train"), "model.safetensors"))
    .optionsGroup("Course of the training:")
    .description("train a network on a table or on pictures, and save it")
    .option("--checkpoint <file>", "save the state here after every epoch, and when interrupted")
    .option("--resume <file>", "go on from a checkpoint, bit for bit")
    .option("--doctor", "look for what goes wrong: gradients, dead units, rate, inputs, classes, overfitting")
    .option("--report <file>", "write a page with curves, confusion matrix, calibration and findings")
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: TrainCommand, command: Command) => {
      const given = givenOptions(command);
      if (!isTableFile(options.data)) {
        refuseTableOptions(given);
        await train(await loadCore(), options, given);
        return;
      }
      const table = forTable(options as unknown as TrainTableCommand, given);
      await trainTable(await loadCore(), table, given, (without) => optionWords(command, without));
    });
  program
    .command("predict")
    .description("classify test images or picture files with a saved model")
    .argument("[pictures...]", "PNG or JPEG files")
    .requiredOption("--model <file>", "model or checkpoint")
    .addOption(dataOption())
    .option("--digits", "classify drawn digits")
    .option("--show <n>", "how many images to show", wholeNumber(0), 6)
    .addOption(jsonOption())
    .option("--out <file>", "for tables: where the predictions go (default: standard output)")
    .option("--delimiter <text>", "for tables: between cells")
    .option("--no-header", 'for tables: the first line is a row; columns are called "1", "2", …')
    .action(async (pictures: string[], options: PredictCommand & TablePredictCommand) => {
      if (isTableFile(options.data) && pictures.length === 0) await predictTable(await loadCore(), options);
      else await predict(await loadCore(), pictures, options);
    });
  program
    .command("evaluate")
    .description("test a saved model: a CSV file with the target's column, or test images")
    .requiredOption("--model <file>", "model or checkpoint")
    .addOption(dataOption())
    .option("--digits", "drawn digits")
    .option("--delimiter <text>", "for tables: between cells")
    .option("--no-header", 'for tables: the first line is a row; columns are called "1", "2", …')
    .addOption(jsonOption())
    .action(async (options: EvaluateCommand) => evaluate(await loadCore(), options));
  addCrossValidate(program);
  addFindRate(program);
  program
    .command("inspect")
    .description("show layers, shapes, parameters, memory plan and FLOPs of a model file")
    .argument("<file>", "model, checkpoint or plain safetensors file")
    .option("--tape", "disassemble the tape that the core runs")
    .option("--batch-size <n>", "rows to plan memory for", wholeNumber(1), 32)
    .option("--time-steps <n>", "longest time to plan memory for", wholeNumber(1), 1)
    .addOption(jsonOption())
    .action(async (file: string, options: InspectCommand) => inspect(await loadCore(), file, options));
  addExplain(program);
  addTrainingOptions(program.command("demo"), "models/digits.safetensors")
    .description("train a digit classifier, show what it learned, save it and serve it from workerd")
    .option("--no-serve", "stop after saving the model")
    .action(async (options: DemoCommand) => demo(await loadCore(), options));
  return program;
}

function addCrossValidate(program: Command): void {
  addTableOptions(program.command("cross-validate"), { testing: false })
    .description("train and test on each fold of a table, and give the figures with their deviation")
    .optionsGroup("Training:")
    .option("--data <file>", "CSV file")
    .option("--folds <n>", "how many", wholeNumber(2), 5)
    .option("--epochs <n>", "passes over the training rows", wholeNumber(1), TABLE_DEFAULTS.epochs)
    .option("--batch-size <n>", "rows of a training step", wholeNumber(1), TABLE_DEFAULTS.batchSize)
    .option("--learning-rate <rate>", "AdamW's step size", positiveNumber, 1e-3)
    .option("--seed <n>", "of initial weights and order", wholeNumber(0), 0)
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: CrossValidateCommand, command: Command) => {
      await crossValidateTable(await loadCore(), options, givenOptions(command));
    });
}

function addFindRate(program: Command): void {
  addTableOptions(program.command("find-lr"))
    .description("train a few steps with a rising rate, show the losses, and suggest a learning rate")
    .optionsGroup("Search:")
    .addOption(dataOption().default(undefined, "digits drawn on the spot"))
    .addOption(new Option("--model <name>", "what to train").choices(classifierNames).default("mlp"))
    .option("--from <rate>", "first rate", positiveNumber, 1e-6)
    .option("--to <rate>", "last rate", positiveNumber, 10)
    .option("--steps <n>", "from the first to the last", wholeNumber(10), 100)
    .option("--batch-size <n>", "rows of a training step (for tables 32)", wholeNumber(1), 64)
    .option("--seed <n>", "of initial weights and order", wholeNumber(0), 0)
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: FindRateCommand, command: Command) => {
      const given = givenOptions(command);
      const unsaid = { learningRate: 1e-3, epochs: 1 };
      const all = { ...unsaid, ...options };
      await findRate(await loadCore(), isTableFile(options.data) ? forTable(all, given) : all, given);
    });
}

function addExplain(program: Command): void {
  program
    .command("explain")
    .description("take one training step apart: sums, chain rule, update, each gradient checked")
    .argument("[file]", "model or checkpoint; without it a classic example")
    .addOption(new Option("--example <name>", "a classic case (default: linear)").choices(exampleNames))
    .option("--sample <numbers>", "one row of the model's input, such as 1,0,1")
    .option("--target <numbers>", "what the row should give")
    .addOption(new Option("--loss <name>", "with a model file").choices(lossNames))
    .option("--learning-rate <rate>", "of the update, with a model file", positiveNumber, 0.1)
    .option("--html <file>", "also write a page with the network drawn")
    .option("--million", "time the update of a million weights")
    .addOption(jsonOption())
    .action(async (file: string | undefined, options: ExplainCommand) => {
      await explainCommand(await loadCore(), file, options);
    });
}

/** One message for people, or one record for machines. */
function report(error: unknown): void {
  const { code, fields } = error instanceof EdgegradError ? error : { code: "unexpected", fields: {} };
  const message = error instanceof Error ? error.message : String(error);
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ event: "error", code, message, fields })}\n`);
  }
  process.stderr.write(`edgegrad: ${message}\n`);
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
try {
  await commandLine().parseAsync();
} catch (error) {
  report(error);
  process.exitCode = 1;
}
