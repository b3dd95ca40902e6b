// Ops that carry their own definition, so that a program pays only for those whose layers it imports.
//
// Place: beside the fixed vocabulary of ops.ts. The ops that nearly every program needs are rows of the tables of each
// stage; all others (images, sequences, augmentation) are one object each in src/ops/, which the node holds.
// Invariant: a definition is a constant without state; equal attributes and shapes give equal records.

import type { Op } from "../abi.ts";
import type { KernelPack } from "../packs/kernel-pack.ts";
import type { Binding } from "../shape.ts";
import type { GraphBuilder } from "./builder.ts";
import type { AnyNode, Inferred, InferringOp, Node } from "./ops.ts";

/** What a definition reads when it writes its records; addresses are bytes in the core's memory. */
export interface RecordContext {
  /** Memory that the matrix product packs its operands into. */
  readonly scratch: number;
  /** Memory of `workBytes`, free between two ops. */
  readonly work: number;
  readonly binding: Binding;
  /** Address of a node's value. */
  at(id: number): number;
  input(node: AnyNode, i: number): AnyNode;
  /** Shape with the batch bound. */
  dims(node: AnyNode): number[];
  count(node: AnyNode): number;
  /** [all leading, last] of a shape. */
  rowsAndColumns(node: AnyNode): [number, number];
  emit(op: Op, ...fields: number[]): void;
}

/** One op: its shape, its derivative, its record and its cost. A is the type of its attributes (plain data). */
export interface OpDefinition<A = never> extends InferringOp {
  /** Names it in messages, in the disassembly and in the reference interpreter. */
  readonly name: string;
  /** Where its kernels are, unless they are in every core. */
  readonly kernels?: KernelPack;
  /** @throws ShapeError if the inputs do not fit */
  infer(attrs: A, inputs: readonly AnyNode[]): Inferred;
  /** Appends the gradient of each input, null where there is none; absent: the op cannot be differentiated. */
  gradient?(
    b: GraphBuilder,
    dy: AnyNode,
    y: AnyNode,
    inputs: readonly AnyNode[],
    attrs: A,
  ): (AnyNode | null)[];
  encode(c: RecordContext, node: AnyNode, out: number, attrs: A): void;
  /** 2 per multiply-add, else 1 per element. */
  flops(attrs: A, inputs: readonly AnyNode[], node: AnyNode, binding: Binding): number;
  /** Memory that it needs beside its result while it runs. */
  workBytes?(attrs: A, inputs: readonly AnyNode[], node: AnyNode, binding: Binding): number;
  /** Which of several kernels computes it, for `inspect`. */
  choice?(attrs: A, inputs: readonly AnyNode[], node: AnyNode, binding: Binding): string;
  /**
   * Takes its only reader into its own record: the inputs and attributes that then give the reader's value with the
   * same bits, or null where it cannot (see passes/absorb.ts).
   */
  absorb?(node: AnyNode, reader: AnyNode, attrs: A): { inputs: readonly number[]; attrs: A } | null;
  /** Each element of the result belongs to the element of the first input in its place. */
  readonly elementwise?: boolean;
  /** Positions among the inputs whose memory the result may take, best first. */
  readonly inPlace?: readonly number[];
}

/** Appends a node of a defined op. */
export function defined<A>(
  b: GraphBuilder,
  definition: OpDefinition<A>,
  inputs: readonly AnyNode[],
  attrs: A,
): AnyNode {
  return b.add("defined", inputs, { definition, attrs: attrs as never });
}

/** The definition that a node was made with. */
export const definitionOf = (node: Pick<Node<"defined">, "attrs">): OpDefinition =>
  node.attrs.definition as OpDefinition;

/** An op's name for people. */
export const opName = (node: AnyNode): string =>
  node.op === "defined" ? node.attrs.definition.name : node.op;
