// Runs `train` cases: whole models through the public trainer.
//
// Place: one kind of the golden runner. The trainer gives losses, gradients, weights and predictions; the first
// output in training mode and the gradient of the input, which it does not show, come from the same lowered model.
// Invariant: weights go in and come out under PyTorch's names and in its axis order.

import type { AnyNode } from "../../src/graph/ops.ts";
import { lowerModel, type Model } from "../../src/model.ts";
import { Core } from "../../src/session.ts";
import type { NumericArray } from "../../src/train/feeds.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { disagreement, tolerance } from "../reference/agreement.ts";
import { coreModule } from "../run-graph.ts";
import {
  type Attributes,
  type F32Errors,
  type GoldenCase,
  type GoldenTensor,
  supported,
  type Tensors,
  Wrong,
} from "./cases.ts";
import { imagesLast, type LayerSpec, lossOf, modelOf, type TrainLoss } from "./models.ts";
import { toMemory } from "./module-cases.ts";
import { OPTIMIZERS } from "./optimizer-cases.ts";
import { Bench, checkValues, type Engine } from "./values.ts";

export interface TrainCase extends GoldenCase {
  readonly model: readonly LayerSpec[];
  readonly loss: Attributes & { readonly type: string };
  readonly optimizer: Attributes & { readonly type: string };
  readonly steps: number;
  readonly mode: "train" | "eval";
  readonly clip_grad_norm?: number;
  readonly grad_norms?: readonly number[];
  readonly batches: readonly { readonly x: GoldenTensor; readonly target: GoldenTensor }[];
  readonly params: Tensors;
  readonly buffers?: Tensors;
  readonly first: { readonly output: GoldenTensor; readonly loss: number; readonly grads: Tensors };
  readonly losses: readonly number[];
  readonly params_after: Tensors;
  readonly buffers_after?: Tensors;
  readonly eval_output_after: GoldenTensor;
}

const numbers = (t: GoldenTensor): NumericArray =>
  t.dtype === "i32" ? Int32Array.from(t.data) : Float32Array.from(t.data);

/** Parameters and running statistics; PyTorch's count of batches is not among the library's tensors. */
const weightsOf = (c: TrainCase) =>
  Object.fromEntries(
    Object.entries({ ...c.params, ...c.buffers })
      .filter(([name]) => !name.endsWith("num_batches_tracked"))
      .map(([name, t]) => [name, { shape: t.shape, data: Float32Array.from(t.data) }]),
  );

/** First output, loss, and gradients of parameters and input, on the lowered graph. */
function checkFirst(c: TrainCase, full: Model, trained: Model, loss: TrainLoss, engine: Engine): void {
  const bench = new Bench();
  const b = bench.builder;
  const mode = c.mode === "train" ? "train" : "predict";
  const [{ x, target }] = c.batches as [TrainCase["batches"][number]];
  const lowered = lowerModel(b, trained, mode);
  const output = lowered.outputs.get("output")!;
  const targets = loss.targets(target, c.first.output.shape);
  const node = bench.input("target", {
    ...targets,
    shape: loss.loss.target(output.shape)!.shape as number[],
  });
  const value = b.reduceAll(loss.loss.reduction, loss.loss.perSample(b, output, node));
  const wanted: Record<string, AnyNode> = { x: lowered.inputs.get("x")! };
  const grads: Record<string, GoldenTensor> = c.first.grads.x ? { x: imagesLast(c.first.grads.x) } : {};
  bench.feeds.x = imagesLast(x).data;
  for (const spec of lowered.tensors) {
    const given = c.params[spec.fullName] ?? c.buffers?.[spec.fullName];
    bench.feeds[spec.fullName] = toMemory(given!, spec).data;
    const grad = c.first.grads[spec.fullName];
    if (!grad) continue;
    wanted[spec.fullName] = lowered.nodes.get(spec.fullName)!;
    grads[spec.fullName] = toMemory(grad, spec);
  }
  // What the library's loss takes in is shown through the layer it stands for.
  const shown = loss.head === 0 ? output : lowerModel(b, full, mode).outputs.get("output")!;
  checkValues(
    bench,
    { output: shown, loss: value },
    wanted,
    {
      outputs: { output: c.first.output, loss: { shape: [], data: [c.first.loss] } },
      gradOutputs: { loss: { shape: [], data: [1] } },
      grads,
      errors: c.torch_f32_err ?? {},
    },
    engine,
    { batch: x.shape[0]!, time: 1 },
  );
}

/** Collects what is wrong. */
class Verdict {
  readonly wrong: string[] = [];
  check(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tol: number): void {
    const message = disagreement(got, want, tol);
    if (message) this.wrong.push(`${what}: ${message}`);
  }
}

function checkWeights(trainer: Trainer, c: TrainCase, errors: F32Errors, verdict: Verdict): void {
  const after = trainer.getWeights();
  const tol = tolerance(errors.params_after ?? 0);
  const moved = Math.max(2e-4, 8 * (errors.update ?? 0));
  for (const [name, want] of Object.entries({ ...c.params_after, ...c.buffers_after })) {
    if (name.endsWith("num_batches_tracked")) continue;
    const got = after[name]?.data;
    if (!got) {
      verdict.wrong.push(`no tensor ${name}`);
      continue;
    }
    verdict.check(`${name} after`, got, want.data, tol);
    const before = c.params[name];
    if (!before) continue;
    const difference = (values: ArrayLike<number>) => Array.from(values, (v, i) => v - before.data[i]!);
    verdict.check(`movement of ${name}`, difference(got), difference(want.data), moved);
  }
}

export function runTrainCase(c: TrainCase, engine: Engine): void {
  const errors = c.torch_f32_err ?? {};
  const [{ x }] = c.batches as [TrainCase["batches"][number]];
  const full = modelOf(c.model, x, c.mode === "train");
  const loss = lossOf(c.loss, c.model.at(-1)!);
  const trained = loss.head === 0 ? full : modelOf(c.model.slice(0, -loss.head), x, c.mode === "train");
  const clip = c.clip_grad_norm === undefined ? {} : { clipNorm: c.clip_grad_norm };
  const optimizer = supported(OPTIMIZERS, "optimizer", c.optimizer.type)(c.optimizer, clip);
  checkFirst(c, full, trained, loss, engine);

  const core = new Core(coreModule("simd"), {});
  const batchSize = Math.max(...c.batches.map((batch) => batch.x.shape[0]!));
  const options = { loss: loss.loss, optimizer, batchSize };
  const trainer = core.trainer(trained, { ...options, weights: weightsOf(c) });
  const outputShape = c.first.output.shape;
  const batches = c.batches.map((batch) => ({
    x: numbers(imagesLast(batch.x)),
    y: numbers(loss.targets(batch.target, outputShape)),
  }));
  const verdict = new Verdict();
  const [start] = batches as [(typeof batches)[number]];
  const gradients = trainer.gradients(start.x, start.y);
  let squares = 0;
  for (const [name, { data }] of Object.entries(gradients)) {
    verdict.check(
      `trainer's gradient of ${name}`,
      data,
      c.first.grads[name]!.data,
      tolerance(errors.grads ?? 0),
    );
    for (const g of data) squares += g * g;
  }
  if (c.grad_norms) verdict.check("norm of the gradients", [Math.sqrt(squares)], [c.grad_norms[0]!], 1e-5);
  const losses: number[] = [];
  for (let i = 0; i < c.steps; i++) {
    const batch = batches[i % batches.length]!;
    losses.push(trainer.step(batch.x, batch.y).loss);
  }
  const behind = Math.max(errors.outputs ?? 0, errors.params_after ?? 0);
  verdict.check("losses", losses, c.losses, tolerance(behind));
  checkWeights(trainer, c, errors, verdict);
  const shown = loss.head === 0 ? trainer : core.trainer(full, { ...options, weights: trainer.getWeights() });
  verdict.check(
    "prediction after",
    shown.predict(start.x) as Float32Array,
    c.eval_output_after.data,
    tolerance(behind),
  );
  if (verdict.wrong.length > 0) throw new Wrong(verdict.wrong.join("; "));
}
