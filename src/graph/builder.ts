// Builds a primitive graph: appends nodes, infers their shapes, remembers which layer asked for them.
//
// Place: every stage from lowering to update appends to one builder. Values are Node objects.
// Invariant: a node's inputs stand before it, so the list is in topological order by construction.

import { EdgegradError, ShapeError } from "../errors.ts";
import { broadcastShapes, type Dim, elementsOf, type Shape, sameShape } from "../shape.ts";
import {
  type AnyNode,
  type BinaryName,
  infer,
  type Node,
  type OpAttrs,
  type OpName,
  type ReduceName,
  type UnaryName,
} from "./ops.ts";

/** A finished primitive graph. */
export interface Graph {
  readonly nodes: readonly AnyNode[];
}

export class GraphBuilder implements Graph {
  readonly nodes: AnyNode[] = [];
  /** Path of the layer that is being lowered. */
  layer = "";

  add<K extends OpName>(op: K, inputs: readonly AnyNode[], attrs: OpAttrs[K]): AnyNode {
    let inferred: { shape: Shape; dtype: Node["dtype"] };
    try {
      inferred = infer[op](attrs, inputs);
    } catch (error) {
      if (error instanceof EdgegradError && this.layer && !error.fields.layer)
        throw new ShapeError(error.code, `${this.layer}: ${error.message}`, {
          ...error.fields,
          layer: this.layer,
        });
      throw error;
    }
    const ids = inputs.map((n) => n.id);
    const node = { id: this.nodes.length, op, inputs: ids, attrs, layer: this.layer, ...inferred };
    this.nodes.push(node as unknown as AnyNode);
    return node as unknown as AnyNode;
  }

  fill(shape: Shape, value: number): AnyNode {
    return this.add("fill", [], { shape, value });
  }

  reshape(x: AnyNode, shape: Shape): AnyNode {
    return sameShape(x.shape, shape) ? x : this.add("reshape", [x], { shape });
  }

  expand(x: AnyNode, shape: Shape): AnyNode {
    return sameShape(x.shape, shape) ? x : this.add("expand", [x], { shape });
  }

  transpose(x: AnyNode, permutation: readonly number[]): AnyNode {
    return permutation.every((p, i) => p === i) ? x : this.add("transpose", [x], { permutation });
  }

  unary(fn: UnaryName, x: AnyNode, p = 0, q = 0): AnyNode {
    return this.add("unary", [x], { fn, p, q });
  }

  /** (scale·x + shift) / divisor; x itself where that changes nothing */
  affine(x: AnyNode, scale: number, shift = 0, divisor?: Dim): AnyNode {
    if (scale === 1 && shift === 0 && divisor === undefined) return x;
    return this.add("unary", [x], { fn: "affine", p: scale, q: shift, ...(divisor && { divisor }) });
  }

  /** f(a, b) with broadcasting. An operand that was expanded only for this is read as it was. */
  binary(fn: BinaryName, a: AnyNode, b: AnyNode): AnyNode {
    const shape = broadcastShapes(a.shape, b.shape);
    const fits = (p: AnyNode, q: AnyNode) => {
      const joint = shape && broadcastShapes(p.shape, q.shape);
      return joint && sameShape(joint, shape);
    };
    const source = (x: AnyNode) => (x.op === "expand" ? this.at(x.inputs[0]!) : x);
    if (fits(source(a), b)) return this.add("binary", [source(a), b], { fn });
    if (fits(a, source(b))) return this.add("binary", [a, source(b)], { fn });
    return this.add("binary", [a, b], { fn });
  }

  addUp(a: AnyNode, b: AnyNode): AnyNode {
    return this.binary("add", a, b);
  }

  mul(a: AnyNode, b: AnyNode): AnyNode {
    return this.binary("mul", a, b);
  }

  sub(a: AnyNode, b: AnyNode): AnyNode {
    return this.binary("sub", a, b);
  }

  div(a: AnyNode, b: AnyNode): AnyNode {
    return this.binary("div", a, b);
  }

  /** Reduces any set of axes, one run of adjacent axes at a time from the last to the first. */
  reduce(fn: ReduceName, x: AnyNode, axes: readonly number[], keepDims = false): AnyNode {
    let value = x;
    const sorted = [...axes].sort((a, b) => a - b);
    while (sorted.length > 0) {
      const to = sorted.pop()!;
      let from = to;
      while (sorted.length > 0 && sorted.at(-1) === from - 1) from = sorted.pop()!;
      const again = value === x ? fn : fn === "sumSquares" || fn === "sumAbs" ? "sum" : fn;
      const plain = again !== "sumSquares" && again !== "sumAbs";
      // Axes of length 1 hold nothing to reduce.
      if (plain && value.shape.slice(from, to + 1).every((d) => d === 1)) {
        if (!keepDims)
          value = this.reshape(value, [...value.shape.slice(0, from), ...value.shape.slice(to + 1)]);
      } else value = this.add("reduce", [value], { fn: again, from, to, keepDims });
    }
    return value;
  }

  /** One number from all elements. */
  reduceAll(fn: ReduceName, x: AnyNode): AnyNode {
    if (x.shape.length === 0)
      return fn === "sumSquares" ? this.unary("square", x) : fn === "sumAbs" ? this.unary("abs", x) : x;
    return this.reduce(
      fn,
      x,
      x.shape.map((_, i) => i),
    );
  }

  matmul(a: AnyNode, b: AnyNode, transA = false, transB = false): AnyNode {
    return this.add("matmul", [a, b], { transA, transB });
  }

  /** x as a matrix [all leading dimensions, last dimension]. */
  asMatrix(x: AnyNode): AnyNode {
    return this.reshape(x, [elementsOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  }

  /** A node by its id. */
  at(id: number): AnyNode {
    return this.nodes[id]!;
  }
}
