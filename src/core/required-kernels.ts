// Puts beside a core the packs that the records of a tape need.
//
// Place: between encoded records and their first run. Invariant: no tape is run whose kernels the core lacks; what is
// missing is named with the layer that needs it and the import that brings it.

import {
  BinaryField,
  Op,
  RandomField,
  ReduceField,
  Slot,
  SoftmaxField,
  UnaryField,
  UnaryGradField,
} from "../abi.ts";
import { ConfigError } from "../errors.ts";
import { definitionOf, opName } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import { knownPacks, packAt } from "../packs/known-packs.ts";
import type { Tape } from "../tape/encode.ts";
import type { CoreInstance } from "./instance.ts";

/** Ops whose kernel is in parts: the field that picks one, and the place of the first in the table. */
const PARTS: { readonly [op: number]: readonly [field: number, slot: Slot] } = {
  [Op.Unary]: [UnaryField.Fn, Slot.Unary],
  [Op.UnaryGrad]: [UnaryGradField.Fn, Slot.UnaryGrad],
  [Op.Binary]: [BinaryField.Fn, Slot.Binary],
  [Op.Reduce]: [ReduceField.Fn, Slot.Reduce],
  [Op.Random]: [RandomField.Fn, Slot.Random],
  [Op.Softmax]: [SoftmaxField.Log, Slot.Softmax],
};

/**
 * @param nodes of the tape's graph, to name the layer
 * @throws ConfigError if the program does not have a pack that a record needs
 */
export function requireKernels(
  core: CoreInstance,
  tape: Pick<Tape, "source"> & { readonly words: ArrayLike<number> },
  nodes: readonly AnyNode[] = [],
): void {
  for (const { offset, node } of tape.source) {
    const at = offset >> 2;
    const op: Op = tape.words[at]!;
    const part = PARTS[op];
    const slot = part ? part[1] + tape.words[at + part[0]]! : op;
    if (core.has(slot)) continue;
    const asking = nodes[node];
    const own = asking?.op === "defined" && definitionOf(asking).kernels;
    if (own) core.add(own);
    if (core.has(slot)) continue;
    const name = packAt(slot);
    const pack = knownPacks.get(name);
    if (pack) core.add(pack);
    else {
      const layer = asking?.layer;
      throw new ConfigError(
        "core/kernels",
        `${layer || "the trainer"}: ${asking ? opName(asking) : "a first value"} needs the ${name} kernels: ` +
          `import { ${name}Kernels } and pass loadCore({ kernels: [${name}Kernels] })`,
        { pack: name, ...(layer && { layer }) },
      );
    }
  }
}
