// Draws a graph of convolutions and pools with random windows, strides, padding, dilation and groups.
//
// Place: input of finite differences and of the core agreement test for image ops; as random-graph.ts, which draws the rest.
// Invariant: a seed determines graph, binding and numbers; relus stand in front of and behind convolutions and pools.

import { gradients } from "../../src/autodiff/gradients.ts";
import { defined } from "../../src/graph/defined.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { type ConvAttrs, conv2dInputGradOp, conv2dOp } from "../../src/ops/convolution.ts";
import { type PoolAttrs, pool2dOp } from "../../src/ops/pooling.ts";
import { type Padding, type Pair, reach, windowCounts } from "../../src/ops/window.ts";
import { N } from "../../src/shape.ts";
import { interpret } from "../reference/interpreter.ts";
import { Draw } from "./draw.ts";
import { distanceToKink } from "./kinks.ts";
import { Drawing, KINK_MARGIN, type RandomGraph } from "./random-graph.ts";

const sizesOf = (x: AnyNode) => x.shape.slice(1) as [number, number, number];

/** Windows that fit an image of a size, at most `most` pixels wide. */
function sliding({ draw }: Drawing, [height, width]: Pair, most: number) {
  for (;;) {
    const window: Pair = [draw.int(1, most), draw.int(1, most)];
    const dilation: Pair = draw.flag(0.7) ? [1, 1] : [draw.int(1, 3), draw.int(1, 3)];
    const strides: Pair = draw.flag() ? [1, 1] : [draw.int(1, 3), draw.int(1, 3)];
    const pad = (d: number) => draw.int(0, Math.min(3, reach(window[d]!, dilation[d]!) - 1));
    const padding: Padding = draw.flag() ? [0, 0, 0, 0] : [pad(0), pad(0), pad(1), pad(1)];
    const spans = [height + padding[0] + padding[1], width + padding[2] + padding[3]];
    if ([0, 1].every((d) => reach(window[d]!, dilation[d]!) <= spans[d]!))
      return { window, dilation, strides, padding };
  }
}

const divisors = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

function convolution(d: Drawing, x: AnyNode): AnyNode {
  const [height, width, channels] = sizesOf(x);
  const { window, dilation, strides, padding } = sliding(d, [height, width], 4);
  const groups = d.draw.flag(0.6) ? 1 : d.draw.pick(divisors(channels));
  const filters = groups * d.draw.int(1, groups > 3 ? 2 : 6);
  const spread = (window[0] * window[1] * (channels / groups)) ** -0.5;
  const w = d.parameter([...window, channels / groups, filters], spread);
  const bias = d.draw.flag() ? [d.parameter([filters])] : [];
  const attrs: ConvAttrs = {
    ...{ strides, dilation, padding, groups },
    ...{ bias: bias.length > 0, relu: false, direct: d.draw.flag() },
  };
  return defined(d.builder, conv2dOp, [x, w, ...bias], attrs);
}

function transposed(d: Drawing, x: AnyNode): AnyNode {
  const [height, width, channels] = sizesOf(x);
  const { draw } = d;
  const kernel: Pair = [draw.int(1, 3), draw.int(1, 3)];
  const strides: Pair = [draw.int(1, 2), draw.int(1, 2)];
  const dilation: Pair = draw.flag(0.7) ? [1, 1] : [2, 1];
  const full = [height, width].map((n, i) => (n - 1) * strides[i]! + reach(kernel[i]!, dilation[i]!));
  const cut = full.map((n, i) => Math.min(draw.int(0, 1), n - 1, reach(kernel[i]!, dilation[i]!) - 1));
  const size: Pair = [full[0]! - cut[0]!, full[1]! - cut[1]!];
  const groups = draw.flag(0.6) ? 1 : draw.pick(divisors(channels));
  const filters = groups * draw.int(1, 4);
  const w = d.parameter([...kernel, filters / groups, channels], (kernel[0] * kernel[1] * channels) ** -0.5);
  const bias = draw.flag() ? [d.parameter([filters])] : [];
  const attrs = { strides, dilation, padding: [cut[0]!, 0, cut[1]!, 0] as const, groups, size };
  const flags = { bias: bias.length > 0, relu: false, masked: false, direct: draw.flag() };
  return defined(d.builder, conv2dInputGradOp, [x, w, ...bias], { ...attrs, ...flags });
}

function pooling(d: Drawing, x: AnyNode): AnyNode {
  const [height, width] = sizesOf(x);
  const { window, dilation, strides, padding } = sliding(d, [height, width], 3);
  const fn = d.draw.pick(["max", "average"] as const);
  const slide = { strides, padding, dilation: fn === "max" ? dilation : ([1, 1] as const) };
  const counts = windowCounts("pool2d", [height, width], window, slide, d.draw.flag());
  const attrs: PoolAttrs = { ...slide, fn, window, counts, includePad: d.draw.flag(), divisor: 0 };
  return defined(d.builder, pool2dOp, [x], attrs);
}

function attempt(draw: Draw): Drawing & { loss: AnyNode } {
  const d = new Drawing(
    draw,
    { batch: draw.int(1, 4), time: 1 },
    { seed: [draw.int(0, 2 ** 31), 1], step: [0, 0] },
  );
  const b = d.builder;
  let x = d.input([N, draw.int(4, 9), draw.int(4, 9), draw.int(1, 6)], "f32", () => draw.normal());
  if (draw.flag(0.3)) x = b.unary("relu", x);
  const steps = draw.int(1, 3);
  for (let i = 0; i < steps; i++) {
    x = draw.pick([convolution, convolution, transposed, pooling])(d, x);
    if (draw.flag()) x = b.unary(draw.pick(["relu", "relu", "tanh"] as const), x);
  }
  const name = "weights of the loss";
  const weights = b.add("input", [], { name, role: "sampleWeights", shape: x.shape, dtype: "f32" });
  d.numbers[name] = Array.from({ length: d.sizes(x).reduce((p, q) => p * q, 1) }, () => draw.normal());
  return Object.assign(d, { loss: b.reduceAll("mean", b.mul(x, weights)) });
}

/** The graph of a seed with its gradient nodes, its numbers well away from kinks and ties. */
export function randomImageGraph(seed: number): RandomGraph {
  const draw = new Draw(seed);
  for (let redrawn = 0; redrawn < 500; redrawn++) {
    const d = attempt(draw);
    const { builder: graph, binding, random, wanted, loss } = d;
    const feeds = d.numbers;
    const values = interpret(graph, feeds, graph.nodes, { binding, random });
    if (distanceToKink(graph, values) < KINK_MARGIN / 10) continue;
    const grads = gradients(graph, loss, wanted);
    return { seed, graph, binding, random, feeds, loss, wanted, grads, redrawn };
  }
  throw new Error(`seed ${seed}: 500 draws fell near a kink`);
}
