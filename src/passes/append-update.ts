// The end of a training graph: checks, states, accumulation, clipping, the updates of each group, constraints, averages.
//
// Place: behind autodiff; compile.ts calls it with everything the step computes. Invariant: up to the guard nothing has
// changed that lasts; an optimizer without extras gets guard, states, clipping and one update.

import { ConfigError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode, FusedGradient, Instruction } from "../graph/ops.ts";
import type { Lowered, ModelTensor } from "../model.ts";
import type { Optimizer } from "../optimizers/optimizers.ts";
import { rateColumns } from "../optimizers/rate-blocks.ts";
import { fuseUpdate } from "./fuse-update.ts";

const matches = (name: string, patterns: readonly string[] | undefined): boolean =>
  patterns?.some((p) => (p.endsWith("*") ? name.startsWith(p.slice(0, -1)) : name === p)) ?? true;

/** Group of each trained parameter: 0 for the rest, else the first that matches, from 1. Frozen ones are not in it. */
export function trainedGroups(
  tensors: readonly ModelTensor[],
  { groups = [] }: Optimizer,
  freeze: readonly string[],
): ReadonlyMap<string, number> {
  for (const [option, patterns] of [
    ["freeze", freeze],
    ...groups.map((g) => ["groups", g.layers ?? []]),
  ] as const)
    for (const pattern of patterns)
      if (!tensors.some((t) => matches(t.layer, [pattern])))
        throw new ConfigError("config/freeze", `${option}: no layer with parameters matches "${pattern}"`, {
          option,
          pattern,
        });
  const result = new Map<string, number>();
  const used = new Set<number>();
  for (const { kind, layer, name, fullName } of tensors) {
    if (kind !== "parameter") continue;
    const group = groups.findIndex((g) => matches(layer, g.layers) && matches(name, g.parameters)) + 1;
    used.add(group);
    if (!groups[group - 1]?.frozen && !(freeze.length > 0 && matches(layer, freeze)))
      result.set(fullName, group);
  }
  groups.forEach((_, i) => {
    if (!used.has(i + 1))
      throw new ConfigError(
        "config/groups",
        `groups[${i}] has no parameter that an earlier group leaves to it`,
        {
          option: "groups",
        },
      );
  });
  return result;
}

export interface UpdateRequest {
  readonly optimizer: Optimizer;
  readonly loss: AnyNode;
  readonly lowered: Lowered;
  readonly gradientOf: ReadonlyMap<string, AnyNode>;
  readonly groupOf: ReadonlyMap<string, number>;
  readonly batchSize: number;
}

/** Appends the effects behind the report; their order is binding. */
export function appendUpdate(b: GraphBuilder, request: UpdateRequest): readonly FusedGradient[] {
  const { optimizer, loss, lowered, gradientOf, groupOf } = request;
  const { clipNorm, clipNormKind = 2, clipNormPer, clipValue, rule, groups, slots } = optimizer;
  const { maximize, accumulate, average } = optimizer;
  const columns = rateColumns(optimizer);
  const constrained = lowered.tensors.filter((t) => t.constraint && gradientOf.has(t.fullName));
  // All of these need every gradient where it belongs before the first update.
  const whole = clipNorm ?? clipValue ?? groups ?? accumulate ?? average ?? (maximize || undefined);
  const { fused, operands } =
    whole !== undefined || constrained.length > 0
      ? { fused: [], operands: [] }
      : fuseUpdate(b, rule, gradientOf, request.batchSize);
  b.add("guard", [loss, ...operands], { gradients: true, products: fused.length });
  for (const [state, value] of lowered.stateUpdates) b.add("assign", [value], { state });
  const forAll = (...program: Instruction[]) =>
    b.add("update", [], {
      rule: { kind: "elementwise", slots: slots.length, temporaries: 0, scalars: [], program },
      group: -1,
    });
  if (accumulate) {
    const sum = `s${slots.indexOf("accumulated")}`;
    forAll(["affine", "g", "g", 1 / accumulate, 0], ["add", sum, sum, "g"], ["flush", sum]);
    b.add("every", [], { n: accumulate });
    forAll(["affine", "g", sum, 1, 0], ["sub", sum, sum, sum]);
  }
  if (maximize) forAll(["affine", "g", "g", -1, 0]);
  if (clipValue !== undefined) b.add("clipByValue", [], { limit: clipValue });
  if (clipNorm !== undefined)
    b.add("clipByNorm", [], {
      limit: clipNorm,
      ...(clipNormKind !== 2 && { norm: clipNormKind }),
      ...(clipNormPer && { each: true }),
    });
  const trained = new Set(groupOf.values());
  let later = false;
  [{ rule }, ...(groups ?? [])].forEach((group, i) => {
    if (!trained.has(i)) return;
    b.add("update", operands, {
      ...{ rule: group.rule, group: i, fused },
      ...(i > 0 && { column: columns[i]! }),
      ...(later && { later }),
    });
    later = true;
  });
  for (const { fullName, shape, constraint } of constrained)
    b.add("constrain", [], { parameter: fullName, columns: shape.at(-1)!, limit: constraint!.maxNorm });
  if (average) b.add("update", [], { rule: average, group: -1, column: columns.at(-2)! });
  return fused;
}
