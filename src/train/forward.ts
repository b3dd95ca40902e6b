// Prediction and evaluation: the forward tapes, in chunks of the planned batch size.
//
// Place: shared by Trainer and Predictor. Invariant: the result of a row does not depend on the chunk it is in.

import { Status } from "../abi.ts";
import type { Executor, GraphKind } from "../core/executor.ts";
import { ShapeError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import { explainFault } from "./faults.ts";
import { type Arrays, type Feed, type Feeds, feedsOf, type NumericArray, rowsOf } from "./feeds.ts";

/** Result of one output, or one array per output name. */
export type Prediction = Float32Array | { readonly [name: string]: Float32Array };

/** Copies rows from … to of every feed into the graph's inputs. */
export function writeInputs(executor: Executor, feeds: readonly Feed[], from: number, to: number): void {
  const { core, program } = executor;
  for (const feed of feeds) {
    const { address } = program.plan.layout.inputs.get(feed.name)!;
    const target = feed.dtype === "i32" ? core.i32 : core.f32;
    target.set(rowsOf(feed, from, to), address >> 2);
  }
}

/** Runs one unstaged step of a graph on rows from … to; throws what its failure means. */
export function runChunk(executor: Executor, kind: GraphKind, feeds: Feeds, from: number, to: number): void {
  const binding = { batch: to - from, time: feeds.time };
  writeInputs(executor, feeds.feeds, from, to);
  const slot = executor.tape({ kind, form: "full", binding });
  executor.beginCall();
  const status = executor.run(slot, 1);
  if (status === Status.Ok) return;
  const fault = executor.fault(slot, status);
  throw explainFault(fault, { feeds: feeds.feeds, rowAt: (i) => from + i, binding }, executor, () => fault);
}

/** @param out receives the values of a model with one output */
export function predictRows(
  executor: Executor,
  data: { x: Arrays; lengths?: NumericArray },
  out?: Float32Array,
): Prediction {
  const { program, core } = executor;
  const graph = executor.graph("predict");
  const feeds = feedsOf(program, graph, data);
  const names = Object.keys(program.model.graph.outputs);
  const outputs = graph.outputs.map((id, i) => {
    const node = graph.graph.nodes[id]!;
    const columns = sizeOf(node.shape, { batch: 1, time: feeds.time });
    const size = columns * feeds.rows;
    if (out && names.length > 1)
      throw new ShapeError("predict/out", "predict: `out` is for models with one output", { tensor: "out" });
    if (out && out.length !== size)
      throw new ShapeError("predict/out", `predict: out must hold ${size} values, has ${out.length}`, {
        tensor: "out",
      });
    return {
      name: names[i]!,
      address: graph.addresses.get(id)! >> 2,
      columns,
      data: out ?? new Float32Array(size),
    };
  });
  const step = program.binding.batch;
  for (let from = 0; from < feeds.rows; from += step) {
    const to = Math.min(feeds.rows, from + step);
    runChunk(executor, "predict", feeds, from, to);
    for (const { address, columns, data: result } of outputs)
      result.set(core.f32.subarray(address, address + (to - from) * columns), from * columns);
  }
  if (outputs.length === 1) return outputs[0]!.data;
  return Object.fromEntries(outputs.map(({ name, data: result }) => [name, result]));
}
