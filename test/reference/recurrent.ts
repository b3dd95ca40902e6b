// The recurrent ops of the primitive graph, one time step after the other, as src/abi.ts defines them.
//
// Place: used by test/reference/interpreter.ts. Dimensions: N rows, T time, H hidden.
// Invariant: at t ≥ length the state is carried on unchanged, and so is its gradient.

import type { RnnAttrs } from "../../src/ops/recurrent.ts";
import type { Round } from "./functions.ts";
import { at, generate, ravel, type Tensor, tensor } from "./tensor.ts";

/** Time steps in the order in which the state passes through them. */
const order = (time: number, reverse: boolean): number[] =>
  Array.from({ length: time }, (_, i) => (reverse ? time - 1 - i : i));

/** h[n, t] = act(x[n, t] + h[n, t−1]·w) */
export function rnn(attrs: RnnAttrs, ins: readonly Tensor[], r: Round): Tensor {
  const [x, w] = ins as [Tensor, Tensor];
  const h0 = attrs.hasH0 ? ins[2]! : undefined;
  const lengths = attrs.hasLengths ? ins[attrs.hasH0 ? 3 : 2]! : undefined;
  const [rows, time, hidden] = x.shape as [number, number, number];
  const out = tensor(x.shape);
  for (let n = 0; n < rows; n++) {
    let state = Array.from({ length: hidden }, (_, j) => (h0 ? at(h0, [n, j]) : 0));
    for (const t of order(time, attrs.reverse)) {
      if (t < (lengths?.data[n] ?? time)) {
        const before = state;
        state = before.map((_, j) => {
          let sum = at(x, [n, t, j]);
          before.forEach((value, i) => {
            sum = r(sum + r(value * at(w, [i, j])));
          });
          return attrs.relu ? Math.max(sum, 0) : r(Math.tanh(sum));
        });
      }
      state.forEach((value, j) => {
        out.data[ravel([n, t, j], x.shape)] = value;
      });
    }
  }
  return out;
}

/** Gradient before the activation, from h and the gradient of every h[n, t]. */
export function rnnGrad(attrs: Omit<RnnAttrs, "hasH0">, ins: readonly Tensor[], r: Round): Tensor {
  const [h, dh, w] = ins as [Tensor, Tensor, Tensor];
  const lengths = attrs.hasLengths ? ins[3]! : undefined;
  const [rows, time, hidden] = h.shape as [number, number, number];
  const out = tensor(h.shape);
  for (let n = 0; n < rows; n++) {
    let carry = new Array<number>(hidden).fill(0);
    for (const t of order(time, !attrs.reverse)) {
      const total = carry.map((c, j) => r(c + at(dh, [n, t, j])));
      if (t >= (lengths?.data[n] ?? time)) {
        carry = total;
        continue;
      }
      const dx = total.map((d, j) => {
        const y = at(h, [n, t, j]);
        return attrs.relu ? (y > 0 ? d : 0) : r(d * r(1 - r(y * y)));
      });
      dx.forEach((d, j) => {
        out.data[ravel([n, t, j], h.shape)] = d;
      });
      carry = carry.map((_, i) => dx.reduce((sum, d, j) => r(sum + r(d * at(w, [i, j]))), 0));
    }
  }
  return out;
}

/** h of the step before, h0 or 0 at the first step. */
export function rnnPrevious(attrs: Pick<RnnAttrs, "reverse" | "hasH0">, ins: readonly Tensor[]): Tensor {
  const [h, h0] = ins as [Tensor, Tensor | undefined];
  const time = h.shape[1]!;
  return generate(h.shape, ([n, t, j]) => {
    const before = attrs.reverse ? t! + 1 : t! - 1;
    if (before >= 0 && before < time) return at(h, [n!, before, j!]);
    return attrs.hasH0 ? at(h0!, [n!, j!]) : 0;
  });
}
