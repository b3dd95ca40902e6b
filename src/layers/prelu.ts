// PReLU: a rectifier whose negative slope is learned.
//
// Place: a layer with one parameter. Invariant: the slope's gradient at 0 is 0, and x's there is the slope (PyTorch's).

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import { flagOption, type LayerDefinition, lastDim, makeLayer, rangeOption } from "./definition.ts";

/** x where positive, else slope·x; slope broadcasts against x. */
export function parametricRelu(b: GraphBuilder, x: AnyNode, slope: AnyNode): AnyNode {
  const positive = b.unary("step", x);
  const negative = b.mul(x, b.affine(positive, -1, 1));
  return b.addUp(b.mul(x, positive), b.mul(negative, slope));
}

export const preluLayer: LayerDefinition = {
  op: "prelu",
  version: 1,
  options: ["shared", "alpha"],
  lower({ builder, layer, parameter }, inputs, options: LayerOptions) {
    const [x] = inputs as [AnyNode];
    const shared = flagOption(layer, options, "shared", false);
    const value = rangeOption(layer, options, "alpha", 0.25, -1e6, 1e6);
    const shape = [shared ? 1 : lastDim(layer, x)];
    const slope = parameter({ name: "weight", shape, initializer: { name: "constant", value } });
    return parametricRelu(builder, x, slope);
  },
};

/**
 * x where positive, else a·x with a learned a for each channel of the last axis (one for all with `shared`), which
 * starts at `alpha` (default 0.25). Input and output [N, …, C]; weight [C] or [1]. He et al. 2015.
 */
export const prelu = (options: { shared?: boolean; alpha?: number; name?: string } = {}): Layer =>
  makeLayer(preluLayer, options);
