// Turns scheduled nodes into records, by a table of one row per op.
//
// Place: plan → tape. Reads addresses and bound shapes, decides nothing else. The table is handed in, so that an app
// that only predicts carries no rows of training.
// Invariant: record sizes do not depend on the batch size or on addresses, so every tape of a graph is equally long.

import { Op } from "../abi.ts";
import { CoreError } from "../errors.ts";
import type { Graph } from "../graph/builder.ts";
import { opName, type RecordContext } from "../graph/defined.ts";
import type { AnyNode, DTypeName, Node, OpName } from "../graph/ops.ts";
import type { GraphPlan, MemoryPlan } from "../plan/plan.ts";
import { type Binding, bindShape, product } from "../shape.ts";
import { type SourceEntry, TapeWriter } from "./writer.ts";

export interface EncodeRequest {
  readonly encoders: EncoderTable;
  readonly plan: MemoryPlan;
  readonly graph: GraphPlan;
  readonly binding: Binding;
  /** Rows by which End advances the cursor. */
  readonly rows: number;
  /** Inputs fetched from staged data: name → where the staged tensor stands and its element type. */
  readonly staged?: ReadonlyMap<string, { address: number; dtype: DTypeName; rows: number }>;
  /** Leaves out nodes, for a tape that stops before the update. */
  readonly keep?: (node: AnyNode) => boolean;
  /** Leaves the gradients out that the update computes itself. */
  readonly fuse?: boolean;
  /** Follows each record with a check of its result, to find the first bad one. */
  readonly probe?: boolean;
}

export interface Tape {
  readonly words: Uint32Array;
  /** Ascending offsets with the node each record belongs to; −1 for records of no node. */
  readonly source: readonly SourceEntry[];
}

/** What an encoder reads and writes. */
export class EncodingContext implements RecordContext {
  readonly writer = new TapeWriter();
  constructor(
    readonly request: EncodeRequest,
    readonly nodes: Graph["nodes"],
  ) {}
  get scratch(): number {
    return this.request.plan.scratch;
  }
  get work(): number {
    return this.request.plan.work;
  }
  get binding(): Binding {
    return this.request.binding;
  }
  at(id: number): number {
    return this.request.graph.addresses.get(id)!;
  }
  input(node: AnyNode, i: number): AnyNode {
    return this.nodes[node.inputs[i]!]!;
  }
  dims(node: AnyNode): number[] {
    return bindShape(node.shape, this.request.binding);
  }
  count(node: AnyNode): number {
    return product(this.dims(node));
  }
  emit(op: Op, ...fields: number[]): void {
    this.writer.record(op, fields);
  }
  /** [all leading, last] of a shape. */
  rowsAndColumns(node: AnyNode): [number, number] {
    const dims = this.dims(node);
    return [product(dims.slice(0, -1)), dims.at(-1) ?? 1];
  }
}

/** An op that the given table does not encode. */
export function refuseOp(node: AnyNode): never {
  throw new CoreError("core/op", `${node.layer}: "${opName(node)}" is not among the ops of prediction`);
}

/** Appends the records of one node whose value lies at `out`. */
export type Encoder<K extends OpName> = (c: EncodingContext, node: Node<K>, out: number) => void;

/** Rows of some ops: forward-encoders.ts has those of prediction, training-encoders.ts those of all. */
export type EncoderTable = { readonly [K in OpName]?: Encoder<K> };

/** Encodes a graph for one batch size. */
export function encodeTape(request: EncodeRequest): Tape {
  const c = new EncodingContext(request, request.graph.graph.nodes);
  for (const node of request.graph.schedule) {
    if (request.keep && !request.keep(node)) continue;
    if (request.fuse && request.graph.fused.has(node.id)) continue;
    c.writer.node = node.id;
    const before = c.writer.words.length;
    const out = request.graph.addresses.get(node.id) ?? 0;
    const encoder = request.encoders[node.op] as Encoder<OpName> | undefined;
    if (!encoder) refuseOp(node);
    encoder(c, node as Node<OpName>, out);
    const wrote = c.writer.words.length > before;
    if (request.probe && wrote && out !== 0 && node.dtype === "f32") c.emit(Op.Guard, 1, out, c.count(node));
  }
  c.writer.node = -1;
  c.emit(Op.End, request.rows);
  return { words: Uint32Array.from(c.writer.words), source: c.writer.source };
}
