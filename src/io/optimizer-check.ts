// Checks the optimizer of a checkpoint: plain data whose every field is known.
//
// Place: reading a checkpoint. Invariant: what passes can be encoded and evaluated in bounded time; nothing else of the
// file is kept.

import { FormatError } from "../errors.ts";
import { ARITY, type Expression } from "../graph/expression.ts";
import type { Instruction, UpdateRule } from "../graph/ops.ts";
import type { Optimizer, ParameterGroup } from "../optimizers/optimizers.ts";
import type { PlateauRule } from "../schedules/plateau-state.ts";
import { FRESH, type PlateauState } from "../schedules/plateau-state.ts";
import { BINARY_CODES, UNARY_CODES } from "../tape/codes.ts";

const MAX_TERMS = 5000;
const MAX_SCALARS = 64;
const MAX_BLOCKS = 16;

function refuse(what: string): never {
  throw new FormatError("checkpoint/optimizer", `the checkpoint's optimizer is malformed: ${what}`);
}

const shown = (value: unknown): string => String(JSON.stringify(value)).slice(0, 80);

function number(value: unknown, what: string, low = 0): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= low) return value;
  return refuse(`${what} = ${shown(value)}`);
}

const flag = (value: unknown, what: string): boolean =>
  typeof value === "boolean" ? value : refuse(`${what} = ${shown(value)}`);

/** A formula of known operations, of bounded size. */
function checkExpression(raw: unknown): Expression {
  let terms = 0;
  const walk = (e: unknown): void => {
    if (++terms > MAX_TERMS) refuse("a formula is too long");
    if (e === "step" || e === "rate" || (typeof e === "number" && Number.isFinite(e))) return;
    if (!Array.isArray(e) || typeof e[0] !== "string" || !Object.hasOwn(ARITY, e[0]))
      refuse(`the formula ${shown(e)}`);
    const [op, ...args] = e as [keyof typeof ARITY, ...unknown[]];
    if (args.length !== ARITY[op]) refuse(`${op} with ${args.length} arguments`);
    // Cycles of no length would never end.
    if (op === "cycle") for (const arg of args) number(arg, "a cycle", 1);
    args.forEach(walk);
  };
  walk(raw);
  return raw as Expression;
}

function checkInstruction(raw: unknown, operand: RegExp, scalars: number): Instruction {
  const list = Array.isArray(raw) ? (raw as unknown[]) : refuse("an instruction is no list");
  const [fn, out, a, p, q] = list;
  const block = (v: unknown) => typeof v === "string" && operand.test(v);
  const scalar = typeof p === "string" && /^c\d{1,2}$/.test(p) && Number(p.slice(1)) < scalars;
  const sound =
    typeof fn === "string" &&
    block(out) &&
    (list.length === 2
      ? fn === "flush"
      : list.length === 4
        ? Object.hasOwn(BINARY_CODES, fn) && block(a) && (block(p) || scalar)
        : list.length === 5 &&
          Object.hasOwn(UNARY_CODES, fn) &&
          block(a) &&
          [p, q].every((v) => typeof v === "number" && Number.isFinite(v)));
  return sound ? (raw as Instruction) : refuse(`the instruction ${shown(raw)}`);
}

function checkElementwise(rule: Partial<Extract<UpdateRule, { kind: "elementwise" }>>): UpdateRule {
  const { slots, temporaries, scalars, program } = rule;
  const counts = [slots, temporaries].every((n) => Number.isInteger(n) && n! >= 0 && n! <= MAX_BLOCKS);
  if (!counts || !Array.isArray(scalars) || scalars.length > MAX_SCALARS || !Array.isArray(program))
    return refuse("its program");
  const names = [
    "w",
    "g",
    ...Array.from({ length: slots! }, (_, i) => `s${i}`),
    ...Array.from({ length: temporaries! }, (_, i) => `t${i}`),
  ];
  const operand = new RegExp(`^(${names.join("|")})$`);
  return {
    kind: "elementwise",
    ...{ slots: slots!, temporaries: temporaries! },
    scalars: scalars.map(checkExpression),
    program: program.slice(0, MAX_TERMS).map((i) => checkInstruction(i, operand, scalars.length)),
  };
}

function checkRule(rule: Partial<UpdateRule> | undefined): { rule: UpdateRule; slots: number } {
  switch (rule?.kind) {
    case "elementwise":
      return { rule: checkElementwise(rule), slots: rule.slots! };
    case "sgd": {
      const momentum = number(rule.momentum, "momentum");
      const nesterov = flag(rule.nesterov, "nesterov");
      const weightDecay = number(rule.weightDecay, "weightDecay");
      return { rule: { kind: "sgd", momentum, nesterov, weightDecay }, slots: momentum > 0 ? 1 : 0 };
    }
    case "adam": {
      const [beta1, beta2] = [number(rule.beta1, "beta1"), number(rule.beta2, "beta2")];
      const epsilon = number(rule.epsilon, "epsilon");
      const weightDecay = number(rule.weightDecay, "weightDecay");
      const decoupled = flag(rule.decoupled, "decoupled");
      return { rule: { kind: "adam", beta1, beta2, epsilon, weightDecay, decoupled }, slots: 2 };
    }
    default:
      return refuse(`the rule ${shown(rule?.kind)}`);
  }
}

function checkAverage(raw: Partial<UpdateRule>, slots: number): UpdateRule {
  const checked = checkRule(raw);
  const fits =
    checked.rule.kind === "elementwise" && checked.slots <= slots && checked.rule.temporaries === 0;
  return fits ? checked.rule : refuse("its average");
}

function checkGroup(raw: Partial<ParameterGroup>, slots: number): ParameterGroup {
  const patterns = (list: unknown) =>
    list === undefined || (Array.isArray(list) && list.every((name) => typeof name === "string"));
  if (!patterns(raw?.layers) || !patterns(raw.parameters)) return refuse("a group's names");
  const { layers, parameters, rateMultiplier, learningRate, frozen } = raw;
  const { rule, slots: own } = checkRule(raw.rule);
  if (own > slots) return refuse("a group's rule");
  return {
    rule,
    ...(layers && { layers }),
    ...(parameters && { parameters }),
    ...(rateMultiplier !== undefined && { rateMultiplier: number(rateMultiplier, "rateMultiplier") }),
    ...(learningRate !== undefined && { learningRate: checkExpression(learningRate) }),
    ...(frozen && { frozen: true }),
  };
}

function checkPlateauRule(raw: Partial<PlateauRule>): PlateauRule {
  if (raw.mode !== "min" && raw.mode !== "max") return refuse("its plateau's mode");
  return {
    factor: number(raw.factor, "factor"),
    patience: number(raw.patience, "patience"),
    cooldown: number(raw.cooldown, "cooldown"),
    minRate: number(raw.minRate, "minRate"),
    mode: raw.mode,
    threshold: number(raw.threshold, "threshold"),
    relative: flag(raw.relative, "relative"),
  };
}

/** @throws FormatError */
export function checkPlateau(raw: Partial<PlateauState> | undefined): PlateauState {
  if (raw === undefined) return FRESH;
  const best = raw.best === null ? null : number(raw.best, "best", -Infinity);
  const [stalled, waiting] = [number(raw.stalled, "stalled"), number(raw.waiting, "waiting")];
  return { best, stalled, waiting, scale: number(raw.scale, "scale") };
}

/** @throws FormatError */
export function checkOptimizer(raw: Partial<Optimizer> | undefined): Optimizer {
  const { rule, slots: own } = checkRule(raw?.rule);
  const { accumulate, average, groups } = raw as Optimizer;
  const extras = (accumulate ? 1 : 0) + (average ? 1 : 0);
  const names = raw?.slots;
  // An element-wise rule counts the slots of accumulation and average as well.
  const slots = rule.kind === "elementwise" ? own : own + extras;
  const sound =
    Array.isArray(names) &&
    names.length === slots &&
    names.every((n) => /^\w{1,32}$/.test(n)) &&
    (!accumulate || (Number.isInteger(accumulate) && accumulate > 1 && names.includes("accumulated")));
  if (!sound || typeof raw?.name !== "string") return refuse("its name or slots");
  if (groups !== undefined && !Array.isArray(groups)) return refuse("groups");
  const { learningRate: rate, clipNormKind: kind, initial } = raw;
  if (kind !== undefined && kind !== 1 && kind !== "max") return refuse("clipNormKind");
  if (initial !== undefined && !(Array.isArray(initial) && initial.length <= slots)) return refuse("initial");
  return {
    ...{ name: raw.name, rule, slots: names },
    learningRate: typeof rate === "number" ? number(rate, "learningRate") : checkExpression(rate),
    ...(raw.plateau && { plateau: checkPlateauRule(raw.plateau) }),
    ...(initial && { initial: initial.map((v) => number(v, "initial")) }),
    ...(raw.clipNorm !== undefined && { clipNorm: number(raw.clipNorm, "clipNorm") }),
    ...(kind !== undefined && { clipNormKind: kind }),
    ...(raw.clipNormPer === "tensor" && { clipNormPer: raw.clipNormPer }),
    ...(raw.clipValue !== undefined && { clipValue: number(raw.clipValue, "clipValue") }),
    ...(raw.maximize === true && { maximize: true }),
    ...(groups && { groups: groups.map((group) => checkGroup(group, slots)) }),
    ...(accumulate && { accumulate }),
    ...(average && { average: checkAverage(average, slots) }),
  };
}
