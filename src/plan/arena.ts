// Gives every temporary value a byte offset in one arena by its lifetime.
//
// Place: part of the plan. One walk in execution order: a value takes the best-fitting free gap when it is made and
// gives it back after its last use; an op that may overwrite a dying input takes its place.
// Invariant: two values that are alive at the same time never overlap (checked by an independent test).

import type { Graph } from "../graph/builder.ts";
import type { AnyNode, OpName } from "../graph/ops.ts";
import { type Binding, sizeOf } from "../shape.ts";
import { inPlaceInputs, storageOf } from "./in-place.ts";

/** Cache line: every buffer begins on one. */
export const ALIGNMENT = 64;

export const alignUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export const bytesOf = (node: AnyNode, binding: Binding): number =>
  sizeOf(node.shape, binding) * (node.dtype === "u8" ? 1 : 4);

/** Ops whose values live outside the arena, or that have none. */
const ELSEWHERE: ReadonlySet<OpName> = new Set<OpName>([
  "input",
  "parameter",
  "state",
  "constant",
  "fill",
  "report",
  "guard",
  "clipByNorm",
  "clipByValue",
  "assign",
  "every",
  "update",
  "constrain",
]);

export const inArena = (node: AnyNode): boolean => !ELSEWHERE.has(node.op);

interface Gap {
  offset: number;
  bytes: number;
}

/** Free gaps in ascending order of offset, merged when they touch. */
class FreeList {
  readonly gaps: Gap[] = [];
  high = 0;

  take(bytes: number): number {
    let best = -1;
    for (let i = 0; i < this.gaps.length; i++) {
      const size = this.gaps[i]!.bytes;
      if (size >= bytes && (best < 0 || size < this.gaps[best]!.bytes)) best = i;
    }
    if (best >= 0) {
      const gap = this.gaps[best]!;
      const { offset } = gap;
      gap.offset += bytes;
      gap.bytes -= bytes;
      if (gap.bytes === 0) this.gaps.splice(best, 1);
      return offset;
    }
    // Nothing fits: grow the end, from a gap that touches it if there is one.
    const last = this.gaps.at(-1);
    const start = last && last.offset + last.bytes === this.high ? this.gaps.pop()!.offset : this.high;
    this.high = start + bytes;
    return start;
  }

  give(offset: number, bytes: number): void {
    let i = this.gaps.findIndex((gap) => gap.offset > offset);
    if (i < 0) i = this.gaps.length;
    const before = this.gaps[i - 1];
    const after = this.gaps[i];
    const joinsBefore = before !== undefined && before.offset + before.bytes === offset;
    const joinsAfter = after !== undefined && offset + bytes === after.offset;
    if (joinsBefore && joinsAfter) {
      before.bytes += bytes + after.bytes;
      this.gaps.splice(i, 1);
    } else if (joinsBefore) before.bytes += bytes;
    else if (joinsAfter) {
      after.offset = offset;
      after.bytes += bytes;
    } else this.gaps.splice(i, 0, { offset, bytes });
  }
}

export interface Arena {
  /** Offset of each arena value by node id; reshapes and values outside the arena are absent. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly bytes: number;
}

/**
 * @param schedule nodes in execution order
 * @param kept nodes whose value must still stand at the end
 * @param placed storage nodes that the caller puts elsewhere (gradients)
 */
export function planArena(
  graph: Graph,
  schedule: readonly AnyNode[],
  binding: Binding,
  kept: readonly number[],
  placed: ReadonlySet<number>,
): Arena {
  const { nodes } = graph;
  const lastUse = new Map<number, number>();
  for (const node of schedule) for (const input of node.inputs) lastUse.set(storageOf(nodes, input), node.id);
  for (const id of kept) lastUse.set(storageOf(nodes, id), Number.POSITIVE_INFINITY);

  const free = new FreeList();
  const offsets = new Map<number, number>();
  const sizes = new Map<number, number>();
  const managed = (id: number) => offsets.has(id) && sizes.has(id);

  for (const node of schedule) {
    const inputs = [...new Set(node.inputs.map((i) => storageOf(nodes, i)))];
    const dying = inputs.filter((id) => managed(id) && (lastUse.get(id) ?? -1) <= node.id);
    if (inArena(node) && node.op !== "reshape" && !placed.has(node.id)) {
      const bytes = Math.max(ALIGNMENT, alignUp(bytesOf(node, binding)));
      const heir = inPlaceInputs(node)
        .map((position) => storageOf(nodes, node.inputs[position] ?? node.inputs[0]!))
        .find((id) => dying.includes(id) && sizes.get(id) === bytes && sameSize(nodes[id]!, node, binding));
      if (heir !== undefined) {
        offsets.set(node.id, offsets.get(heir)!);
        sizes.set(node.id, bytes);
        sizes.delete(heir);
      } else {
        offsets.set(node.id, free.take(bytes));
        sizes.set(node.id, bytes);
      }
    }
    for (const id of dying) {
      const bytes = sizes.get(id);
      if (bytes === undefined) continue;
      free.give(offsets.get(id)!, bytes);
      sizes.delete(id);
    }
    // A value that nobody reads is free at once.
    if (sizes.has(node.id) && !lastUse.has(node.id)) {
      free.give(offsets.get(node.id)!, sizes.get(node.id)!);
      sizes.delete(node.id);
    }
  }
  return { offsets, bytes: free.high };
}

const sameSize = (a: AnyNode, b: AnyNode, binding: Binding): boolean =>
  bytesOf(a, binding) === bytesOf(b, binding);
