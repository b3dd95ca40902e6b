// Central differences of a random graph's scalar, in f64 on the reference interpreter.
//
// Place: proves autodiff's rules: what the gradient nodes say must be what happens when an element is moved.
// Invariant: no code of the library takes part in the difference.

import { type Feeds, interpret } from "../reference/interpreter.ts";
import { Draw } from "./draw.ts";
import type { RandomGraph } from "./random-graph.ts";

/** Width of a difference: its error is of the order of its square, rounding adds about 1e-11. */
const WIDTH = 1e-5;
/** Elements tried per tensor, beside all of them in tensors that are smaller. */
const ELEMENTS = 8;
const TOLERANCE = 1e-6;

export interface Disagreement {
  readonly name: string;
  readonly element: number;
  readonly difference: number;
  readonly gradient: number;
}

const nameOf = (node: RandomGraph["wanted"][number]): string => (node.attrs as { name: string }).name;

/** Where gradient nodes and central differences disagree; nothing if the rules are right. */
export function disagreements(g: RandomGraph): Disagreement[] {
  const { graph, binding, random } = g;
  const lossOf = (feeds: Feeds) => interpret(graph, feeds, [g.loss], { binding, random })[0]!.data[0]!;
  const draw = new Draw(g.seed + 1);
  const grads = interpret(graph, g.feeds, g.grads, { binding, random });
  const found: Disagreement[] = [];
  g.wanted.forEach((node, i) => {
    const name = nameOf(node);
    const grad = grads[i]!.data;
    const numbers = Float64Array.from(g.feeds[name]!);
    const scale = grad.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    const all = Array.from(numbers, (_, k) => k);
    const tried = all.length <= ELEMENTS ? all : all.slice(0, ELEMENTS).map(() => draw.pick(all));
    for (const element of tried) {
      const moved = (by: number) => {
        const copy = Float64Array.from(numbers);
        copy[element] = copy[element]! + by;
        return lossOf({ ...g.feeds, [name]: copy });
      };
      const difference = (moved(WIDTH) - moved(-WIDTH)) / (2 * WIDTH);
      const gradient = grad[element]!;
      if (!(Math.abs(difference - gradient) <= TOLERANCE * Math.max(scale, 1e-2)))
        found.push({ name, element, difference, gradient });
    }
  });
  return found;
}
