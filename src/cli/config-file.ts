// `--config FILE`: the options of a command from a JSON file, checked before anything is done.
// Place: command line, between commander and the command. Invariant: what the user typed wins over the file; an unknown
// or malformed option is refused by name.

import type { Command } from "commander";
import * as v from "valibot";
import { ConfigError } from "../errors.ts";
import { readBytes } from "./files.ts";

const whole = (lowest: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(lowest));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const share = v.pipe(v.number(), v.gtValue(0), v.ltValue(1));
const text = v.pipe(v.string(), v.minLength(1));
const columns = v.array(v.string());

/** Every option that a file may give, under the name of its flag in camel case. */
const SCHEMA = v.strictObject({
  ...v.entriesFromList(["data", "model", "out", "checkpoint", "resume", "test", "report"], v.optional(text)),
  ...v.entriesFromList(["target", "delimiter", "splitBy"], v.optional(v.string())),
  ...v.entriesFromList(["ignore", "category", "embed"], v.optional(columns)),
  ...v.entriesFromList(["header", "balance", "doctor", "json"], v.optional(v.boolean())),
  ...v.entriesFromList(["epochs", "batchSize", "patience", "steps"], v.optional(whole(1))),
  ...v.entriesFromList(["seed", "splitSeed"], v.optional(whole(0))),
  ...v.entriesFromList(["learningRate", "weightDecay", "from", "to"], v.optional(positive)),
  ...v.entriesFromList(["testFraction", "dropout"], v.optional(share)),
  folds: v.optional(whole(2)),
  hidden: v.optional(v.array(whole(1))),
  task: v.optional(v.picklist(["classification", "regression"])),
  scale: v.optional(v.picklist(["standard", "minMax", "robust", "none"])),
  impute: v.optional(v.picklist(["mean", "median", "mostFrequent", "refuse"])),
  split: v.optional(v.picklist(["random", "stratified", "time", "group"])),
});

function refuse(file: string, what: string, option?: string): never {
  throw new ConfigError("config/file", `${file}: ${what}`, { file, ...(option !== undefined && { option }) });
}

/** Sets a command's options from the file that its `--config` names, if it does. */
export async function applyConfigFile(command: Command): Promise<void> {
  const file: unknown = command.getOptionValue("config");
  if (typeof file !== "string") return;
  const bytes = await readBytes(file);
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ConfigError(
      "config/file",
      `${file}: is no JSON: ${(cause as Error).message}`,
      { file },
      { cause },
    );
  }
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    refuse(file, "expected an object of options");
  const checked = v.safeParse(SCHEMA, raw);
  if (!checked.success) {
    const issue = checked.issues[0];
    const option = v.getDotPath(issue) ?? undefined;
    if (issue.type === "strict_object" && issue.expected === "never")
      refuse(file, `unknown option "${option}"; known are ${Object.keys(SCHEMA.entries).join(", ")}`, option);
    refuse(file, `${option === undefined ? "" : `${option}: `}${issue.message}`, option);
  }
  for (const [name, value] of Object.entries(checked.output)) {
    const option = command.options.find((o) => o.attributeName() === name);
    if (!option) refuse(file, `"${command.name()}" has no option "${name}"`, name);
    if (option.argChoices && !option.argChoices.includes(String(value)))
      refuse(file, `${name}: expected one of ${option.argChoices.join(", ")}, got "${value}"`, name);
    if (command.getOptionValueSource(name) !== "cli") command.setOptionValueWithSource(name, value, "config");
  }
}
