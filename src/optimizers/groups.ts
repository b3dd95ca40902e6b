// Parameter groups: layers with a learning rate, a decay or other settings of their own, or frozen.
//
// Place: wraps a factory of this folder; compile.ts gives each group an update of its own. Only apps that import it
// carry it. Invariant: plain data; the arithmetic of a group is that of its own optimizer (PyTorch's param_groups).

import { ConfigError } from "../errors.ts";
import type { UpdateRule } from "../graph/ops.ts";
import type { CommonOptions, Optimizer, ParameterGroup } from "./optimizers.ts";

/** What a group is and what differs in it: any option of its optimizer but clipping. */
export type GroupOptions<O = CommonOptions> = Partial<
  Omit<O, "clipNorm" | "clipNormKind" | "clipNormPer" | "clipValue" | "maximize">
> & {
  /** Layer names or prefixes: "head", "block1.*". Default: all layers. */
  layers?: string | readonly string[];
  /** Parameter names within the layer: "bias", "weight". Default: all. */
  parameters?: string | readonly string[];
  /** The optimizer's rate (and its schedule) times this. */
  rateMultiplier?: number;
  /** Not trained: no gradient, no state. */
  frozen?: boolean;
};

/** What a factory takes. */
type OptionsOf<F extends (options: never) => Optimizer> = Exclude<Parameters<F>[0], undefined>;

const SHARED = ["clipNorm", "clipNormKind", "clipNormPer", "clipValue", "maximize"];

const refuse = (index: number, why: string): ConfigError =>
  new ConfigError("optimizer/group", `parameterGroups: groups[${index}] ${why}`, { group: index });

function names(index: number, option: string, given: string | readonly string[] | undefined) {
  if (given === undefined) return {};
  const list = typeof given === "string" ? [given] : [...given];
  if (list.length === 0 || list.some((name) => typeof name !== "string" || name === ""))
    throw refuse(
      index,
      `has no usable ${option}: expected a name, a prefix such as "conv*", or a list of them`,
    );
  return { [option]: list };
}

/**
 * An optimizer whose groups of parameters have settings of their own. A parameter belongs to the first group that
 * matches it, else to the rest with the optimizer's options. Schedules and plateaus scale groups by multiplier with the
 * rest; a group with a learningRate follows its own, and plateaus scale it as well.
 *
 * @example
 * parameterGroups(adamw, { learningRate: 1e-3, weightDecay: 0.01 }, [
 *   { parameters: "bias", weightDecay: 0 },
 *   { layers: "head*", learningRate: 1e-2 },
 *   { layers: ["embed", "block1.*"], rateMultiplier: 0.1 },
 *   { layers: "stem", frozen: true },
 * ]);
 * @throws ConfigError for contradictions; a group that matches no parameter is refused by the trainer
 */
export function parameterGroups<F extends (options: never) => Optimizer>(
  factory: F,
  options: OptionsOf<F>,
  groups: readonly GroupOptions<OptionsOf<F>>[],
): Optimizer {
  const make = factory as unknown as (options: object) => Optimizer;
  const base = make(options as object);
  const numbersOf = (rule: UpdateRule) =>
    rule.kind === "adam" ? [rule.kind, rule.beta1, rule.beta2].join() : rule.kind;
  return {
    ...base,
    groups: groups.map((group, i): ParameterGroup => {
      const { layers, parameters, rateMultiplier, frozen, ...given } = group;
      const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      if (layers === undefined && parameters === undefined) throw refuse(i, "needs layers or parameters");
      const shared = SHARED.find((key) => key in own);
      if (shared) throw refuse(i, `cannot have ${shared}: clipping and direction are the same for all`);
      if (frozen && (Object.keys(own).length > 0 || rateMultiplier !== undefined))
        throw refuse(i, "is frozen, so its other options contradict it");
      if (rateMultiplier !== undefined && "learningRate" in own)
        throw refuse(i, "has both learningRate and rateMultiplier: give one of them");
      if (rateMultiplier !== undefined && !(rateMultiplier >= 0 && Number.isFinite(rateMultiplier)))
        throw refuse(i, `needs a finite rateMultiplier ≥ 0, got ${rateMultiplier}`);
      const { rule, slots, learningRate, plateau, initial } = make({ ...(options as object), ...own });
      if (String(slots) !== String(base.slots) || numbersOf(rule) !== numbersOf(base.rule))
        throw refuse(i, "may not change betas of Adam or what the optimizer keeps (momentum from or to 0)");
      if (String(initial) !== String(base.initial))
        throw refuse(i, "may not change what the state starts with");
      if ("learningRate" in own && plateau)
        throw refuse(
          i,
          "cannot have a reduceOnPlateau of its own: give it to the optimizer, it scales all groups",
        );
      return {
        ...names(i, "layers", layers),
        ...names(i, "parameters", parameters),
        rule,
        ...(rateMultiplier !== undefined && { rateMultiplier }),
        ...("learningRate" in own && { learningRate }),
        ...(frozen && { frozen }),
      };
    }),
  };
}
