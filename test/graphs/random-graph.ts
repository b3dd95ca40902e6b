// Draws a primitive graph: a few inputs and parameters, some random steps, one scalar at the end.
//
// Place: input of finite differences and of the core agreement test.
// Invariant: a seed determines graph, binding and numbers. Every op with a derivative has a step in steps.ts.

import { gradients } from "../../src/autodiff/gradients.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode, DTypeName } from "../../src/graph/ops.ts";
import { type Binding, bindShape, N, product, type Shape } from "../../src/shape.ts";
import { type Feeds, interpret } from "../reference/interpreter.ts";
import type { RandomState } from "../reference/philox.ts";
import { Draw } from "./draw.ts";
import { distanceToKink } from "./kinks.ts";
import { steps } from "./steps.ts";

/** Lengths that leave tails behind vectors of four and tiles of eight. */
const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17];

/** A draw closer than this to a kink or tie is drawn again. */
export const KINK_MARGIN = 1e-3;

/** Beyond this a value is scaled down before it is used again, so that sums stay well conditioned. */
const LARGE = 4;

/** What a step of steps.ts works on. */
export class Drawing {
  readonly builder = new GraphBuilder();
  readonly pool: AnyNode[] = [];
  readonly numbers: Record<string, number[]> = {};
  readonly wanted: AnyNode[] = [];

  constructor(
    readonly draw: Draw,
    readonly binding: Binding,
    readonly random: RandomState,
  ) {}

  length(): number {
    return this.draw.pick(LENGTHS);
  }

  /** A trainable tensor of its own; its gradient is checked. */
  parameter(shape: readonly number[], scale = 1): AnyNode {
    const name = `p${this.builder.nodes.length}`;
    const node = this.builder.add("parameter", [], { name, shape });
    this.#fill(name, shape, () => this.draw.normal(scale));
    this.wanted.push(node);
    return node;
  }

  /** Batch data whose gradient is checked if it is f32. */
  input(shape: Shape, dtype: DTypeName, number: () => number): AnyNode {
    const name = `x${this.builder.nodes.length}`;
    const node = this.builder.add("input", [], { name, role: "x", shape, dtype });
    this.#fill(name, shape, number);
    if (dtype === "f32") this.wanted.push(node);
    return node;
  }

  /** Any tensor of the pool, or a new one. */
  any(fits: (node: AnyNode) => boolean = () => true): AnyNode | undefined {
    const found = this.pool.filter(fits);
    return found.length > 0 ? this.draw.pick(found) : undefined;
  }

  sizes(node: AnyNode): number[] {
    return bindShape(node.shape, this.binding);
  }

  values(node: AnyNode): Float64Array {
    const { binding, random } = this;
    return interpret(this.builder, this.numbers, [node], { binding, random })[0]!.data;
  }

  /** Keeps a step's result within bounds and makes it available to later steps. */
  keep(node: AnyNode): void {
    const top = this.values(node).reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    this.pool.push(top > LARGE ? this.builder.affine(node, Math.fround(2 / top)) : node);
  }

  #fill(name: string, shape: Shape, number: () => number): void {
    this.numbers[name] = Array.from({ length: product(bindShape(shape, this.binding)) }, number);
  }
}

export interface RandomGraph {
  readonly seed: number;
  readonly graph: GraphBuilder;
  readonly binding: Binding;
  readonly random: RandomState;
  readonly feeds: Feeds;
  /** Scalar that is differentiated. */
  readonly loss: AnyNode;
  readonly wanted: readonly AnyNode[];
  readonly grads: readonly AnyNode[];
  /** How often the draw was repeated because it fell near a kink or tie. */
  readonly redrawn: number;
}

function attempt(draw: Draw): Drawing & { loss: AnyNode } {
  const binding = { batch: draw.pick(LENGTHS), time: draw.int(1, 6) };
  const random: RandomState = {
    seed: [draw.int(0, 2 ** 32 - 1), draw.int(0, 2 ** 32 - 1)],
    step: [draw.int(0, 2 ** 32 - 1), draw.int(0, 3)],
  };
  const d = new Drawing(draw, binding, random);
  const b = d.builder;
  d.pool.push(d.input([N, d.length()], "f32", () => draw.normal()));
  d.pool.push(d.parameter([d.length(), d.length()]));
  if (draw.flag()) d.pool.push(d.input([N, draw.int(1, 5), d.length()], "f32", () => draw.normal()));
  const wanted = draw.int(3, 9);
  for (let done = 0; done < wanted; ) {
    const result = draw.pick(steps)(d);
    if (!result) continue;
    done += 1;
    for (const node of result) if (product(d.sizes(node)) <= 1200) d.keep(node);
  }
  // Every value that nothing reads takes part in the scalar, weighted so that no two elements count alike.
  const read = new Set(b.nodes.flatMap((node) => [...node.inputs]));
  const ends = b.nodes.filter((node) => !read.has(node.id) && node.dtype === "f32");
  let loss = b.fill([], 0);
  for (const end of ends) {
    const name = `w${b.nodes.length}`;
    const weights = b.add("input", [], { name, role: "sampleWeights", shape: end.shape, dtype: "f32" });
    d.numbers[name] = Array.from({ length: product(d.sizes(end)) }, () => draw.normal());
    loss = b.addUp(loss, b.reduceAll("mean", b.mul(end, weights)));
  }
  return Object.assign(d, { loss });
}

/** The graph of a seed with its gradient nodes, its numbers well away from kinks and ties. */
export function randomGraph(seed: number): RandomGraph {
  const draw = new Draw(seed);
  for (let redrawn = 0; redrawn < 200; redrawn++) {
    const d = attempt(draw);
    const { builder: graph, binding, random, wanted, loss } = d;
    const feeds: Feeds = d.numbers;
    const values = interpret(graph, feeds, graph.nodes, { binding, random });
    const tame = values.every((v) => v.data.every((x) => Math.abs(x) < 1e4));
    if (!tame || distanceToKink(graph, values) < KINK_MARGIN) continue;
    const grads = gradients(graph, loss, wanted);
    return { seed, graph, binding, random, feeds, loss, wanted, grads, redrawn };
  }
  throw new Error(`seed ${seed}: 200 draws fell near a kink`);
}
