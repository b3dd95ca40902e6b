// Checks the optimizer of a checkpoint: plain data whose every field is known.
//
// Place: reading a checkpoint. Invariant: what passes can be encoded; nothing else of the file is kept.

import { FormatError } from "../errors.ts";
import type { UpdateRule } from "../graph/ops.ts";
import type { Optimizer } from "../optimizers/optimizers.ts";

function refuse(what: string): never {
  throw new FormatError("checkpoint/optimizer", `the checkpoint's optimizer is malformed: ${what}`);
}

function number(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  return refuse(`${what} = ${JSON.stringify(value)}`);
}

const flag = (value: unknown, what: string): boolean =>
  typeof value === "boolean" ? value : refuse(`${what} = ${JSON.stringify(value)}`);

function checkRule(rule: Partial<UpdateRule> | undefined): { rule: UpdateRule; slots: number } {
  const weightDecay = number(rule?.weightDecay, "weightDecay");
  if (rule?.kind === "sgd") {
    const momentum = number(rule.momentum, "momentum");
    const nesterov = flag(rule.nesterov, "nesterov");
    return { rule: { kind: "sgd", momentum, nesterov, weightDecay }, slots: momentum > 0 ? 1 : 0 };
  }
  if (rule?.kind !== "adam") return refuse(`the rule ${JSON.stringify(rule?.kind)}`);
  const [beta1, beta2] = [number(rule.beta1, "beta1"), number(rule.beta2, "beta2")];
  const epsilon = number(rule.epsilon, "epsilon");
  const decoupled = flag(rule.decoupled, "decoupled");
  return { rule: { kind: "adam", beta1, beta2, epsilon, weightDecay, decoupled }, slots: 2 };
}

/** @throws FormatError */
export function checkOptimizer(raw: Partial<Optimizer> | undefined): Optimizer {
  const { rule, slots } = checkRule(raw?.rule);
  const names = raw?.slots;
  const sound = Array.isArray(names) && names.length === slots && names.every((n) => /^\w{1,32}$/.test(n));
  if (!sound || typeof raw?.name !== "string") return refuse("its name or slots");
  return {
    ...{ name: raw.name, rule, slots: names },
    learningRate: number(raw.learningRate, "learningRate"),
    ...(raw.clipNorm !== undefined && { clipNorm: number(raw.clipNorm, "clipNorm") }),
    ...(raw.clipValue !== undefined && { clipValue: number(raw.clipValue, "clipValue") }),
  };
}
