// The recurrent ops: the plain RNN over all time steps in one kernel, and its gradient.
//
// Place: definitions that layers/sequence.ts appends. N rows, T time, H hidden units.
// Invariant: past its length a row carries its state, and its gradient, unchanged.

import { Op } from "../abi.ts";
import { StateError } from "../errors.ts";
import { defined, type OpDefinition } from "../graph/defined.ts";
import type { AnyNode, Inferred } from "../graph/ops.ts";
import { sequenceKernels } from "../packs/sequence.ts";
import { type Binding, bindDim, bindShape, sizeOf } from "../shape.ts";

export interface RnnAttrs {
  readonly reverse: boolean;
  readonly relu: boolean;
  readonly hasH0: boolean;
  readonly hasLengths: boolean;
}

const like = (_: unknown, [x]: readonly AnyNode[]): Inferred => ({ shape: x!.shape, dtype: "f32" });

const flops = (_: unknown, __: unknown, node: AnyNode, binding: Binding): number =>
  2 * sizeOf(node.shape, binding) * bindDim(node.shape.at(-1)!, binding);

const bit = (flag: boolean) => (flag ? 1 : 0);

/** (x [N, T, H], w [H, H], h0 [N, H] if hasH0, lengths i32 [N] if hasLengths) → h [N, T, H] */
export const rnn: OpDefinition<RnnAttrs> = {
  name: "rnn",
  kernels: sequenceKernels,
  infer: like,
  flops,
  gradient(b, dy, h, ins, { reverse, relu, hasH0, hasLengths }) {
    const w = ins[1]!;
    const h0 = hasH0 ? ins[2]! : undefined;
    const lengths = hasLengths ? ins[hasH0 ? 3 : 2]! : undefined;
    const hidden = w.shape[0] as number;
    const dx = defined(b, rnnGrad, [h, dy, w, ...(lengths ? [lengths] : [])], { reverse, relu, hasLengths });
    const before = defined(b, rnnPrevious, [h, ...(h0 ? [h0] : [])], { reverse, hasH0 });
    const dw = b.matmul(b.asMatrix(before), b.asMatrix(dx), true, false);
    const grads: (AnyNode | null)[] = [dx, dw];
    // The first step's state is h0 itself: dh0 = dx(first)·wᵀ. (Lengths are at least 1; see RnnField.)
    if (h0) {
      if (reverse && hasLengths)
        throw new StateError(
          "autodiff/no-rule",
          `${h.layer}: a backward rnn has no gradient for h0 with variable time`,
          { layer: h.layer },
        );
      const first = b.add("slice", [dx], { axis: 1, start: reverse ? -1 : 0, length: 1 });
      grads.push(b.matmul(b.reshape(first, [h.shape[0]!, hidden]), w, false, true));
    }
    if (lengths) grads.push(null);
    return grads;
  },
  encode(c, node, out, { reverse, relu, hasH0, hasLengths }) {
    const [x, w] = [c.at(node.inputs[0]!), c.at(node.inputs[1]!)];
    const h0 = hasH0 ? c.at(node.inputs[2]!) : 0;
    const lengths = hasLengths ? c.at(node.inputs[hasH0 ? 3 : 2]!) : 0;
    c.emit(Op.Rnn, out, x, w, h0, lengths, ...c.dims(node), bit(reverse), bit(relu), c.scratch);
  },
};

/** (h, dh, w, lengths if hasLengths) → gradient before the activation [N, T, H] */
export const rnnGrad: OpDefinition<Omit<RnnAttrs, "hasH0">> = {
  name: "rnnGrad",
  kernels: sequenceKernels,
  infer: like,
  flops,
  encode(c, node, out, { reverse, relu }) {
    const [h, dh, w, lengths = 0] = node.inputs.map((i) => c.at(i)) as [number, number, number, number?];
    const flags = [bit(reverse), bit(relu)];
    c.emit(Op.RnnGrad, out, h, dh, w, 0, lengths, ...c.dims(node), ...flags, c.scratch, c.work);
  },
  // The backward pass carries one gradient row per sample.
  workBytes(_, __, node, binding) {
    const [n, , h] = bindShape(node.shape, binding) as [number, number, number];
    return 4 * n * h;
  },
};

/** (h, h0 if hasH0) → h of the step before */
export const rnnPrevious: OpDefinition<Pick<RnnAttrs, "reverse" | "hasH0">> = {
  name: "rnnPrevious",
  kernels: sequenceKernels,
  infer: like,
  flops: (_, __, node, binding) => sizeOf(node.shape, binding),
  encode(c, node, out, { reverse }) {
    const [h, h0 = 0] = node.inputs.map((i) => c.at(i)) as [number, number?];
    c.emit(Op.RnnPrevious, out, h, h0, ...c.dims(node), bit(reverse));
  },
};
