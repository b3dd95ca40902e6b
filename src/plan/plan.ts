// The memory plan: an address for every value of every graph of a trainer, and what all of it costs.
//
// Place: graph → plan → tape. Nothing is allocated later, so the peak is known here and refused here.
// Invariant: planned once at the full batch size; smaller batches reuse the same addresses.

import { GEMM_SCRATCH_BYTES } from "../abi-gemm.ts";
import { ConfigError } from "../errors.ts";
import type { Graph } from "../graph/builder.ts";
import { definitionOf } from "../graph/defined.ts";
import type { AnyNode, FusedGradient, Node } from "../graph/ops.ts";
import { liveNodes } from "../passes/live.ts";
import type { Binding } from "../shape.ts";
import { alignUp, bytesOf, inArena, planArena } from "./arena.ts";
import { flopsOf } from "./flops.ts";
import { storageOf } from "./in-place.ts";
import { type Layout, type LayoutRequest, planLayout, type Region } from "./layout.ts";

/** One graph with what must survive its run. */
export interface GraphRequest {
  readonly graph: Graph;
  readonly outputs: readonly number[];
  /** Node id of the gradient of each trainable parameter. */
  readonly gradients?: ReadonlyMap<string, number>;
  /** Gradients that the update computes; a full step leaves their nodes out. */
  readonly fused?: readonly FusedGradient[];
}

/** Addresses of one graph's values. */
export interface GraphPlan {
  readonly graph: Graph;
  readonly schedule: readonly AnyNode[];
  /** Those of the schedule that a batch or staged data fill. */
  readonly inputs: readonly (Node<"input"> & AnyNode)[];
  /** Address of every scheduled value by node id. */
  readonly addresses: ReadonlyMap<number, number>;
  /** Values that are written once, before the first step. */
  readonly constants: readonly { readonly node: AnyNode; readonly address: number }[];
  readonly outputs: readonly number[];
  /** Nodes that a full step leaves out. */
  readonly fused: ReadonlySet<number>;
  readonly flops: number;
}

export interface PlanBytes {
  readonly parameters: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly activations: number;
  readonly scratch: number;
  staged: number;
  total: number;
}

export interface MemoryPlan {
  readonly layout: Layout;
  readonly graphs: readonly GraphPlan[];
  /** Scratch of the matrix product. */
  readonly scratch: number;
  /** Working memory of single ops that need more than their result. */
  readonly work: number;
  /** First address behind the planned memory; the tapes follow. */
  readonly end: number;
  readonly bytes: PlanBytes;
}

export interface PlanRequest extends Omit<LayoutRequest, "graphs"> {
  readonly graphs: readonly GraphRequest[];
  readonly maxBytes: number;
}

export function planMemory(request: PlanRequest): MemoryPlan {
  const layout = planLayout({ ...request, graphs: request.graphs.map((g) => g.graph) });
  let at = layout.end;
  const drafts = request.graphs.map((g) => {
    const schedule = liveNodes(g.graph, [...g.outputs, ...(g.gradients?.values() ?? [])]);
    const constants = schedule
      .filter((node) => node.op === "constant" || node.op === "fill")
      .map((node) => {
        const address = at;
        at += alignUp(bytesOf(node, request.binding));
        return { node, address };
      });
    return { request: g, schedule, constants };
  });
  const arenaBase = at;
  let arenaBytes = 0;
  const graphs = drafts.map(({ request: g, schedule, constants }): GraphPlan => {
    const { nodes } = g.graph;
    const gradientAt = new Map<number, Region>();
    for (const [name, id] of g.gradients ?? [])
      gradientAt.set(storageOf(nodes, id), layout.gradientOf.get(name)!);
    const arena = planArena(g.graph, schedule, request.binding, g.outputs, new Set(gradientAt.keys()));
    arenaBytes = Math.max(arenaBytes, arena.bytes);
    const addresses = new Map<number, number>(constants.map(({ node, address }) => [node.id, address]));
    let flops = 0;
    for (const node of schedule) {
      const address = addressOf(node, nodes, layout, gradientAt, arena.offsets, arenaBase, addresses);
      if (address !== undefined) addresses.set(node.id, address);
      flops += flopsOf(
        node,
        node.inputs.map((i) => nodes[i]!),
        request.binding,
      );
    }
    const fused = new Set(g.fused?.map((f) => f.gradient));
    const inputs = schedule.filter((node) => node.op === "input");
    return { graph: g.graph, schedule, inputs, addresses, constants, outputs: g.outputs, fused, flops };
  });
  const scratch = alignUp(arenaBase + arenaBytes);
  const work = scratch + alignUp(GEMM_SCRATCH_BYTES);
  const end = work + Math.max(...graphs.map((g) => workBytes(g, request.binding)));
  const inputBytes = [...layout.inputs.values()].reduce((sum, r) => sum + r.bytes, 0);
  const bytes: PlanBytes = {
    parameters: layout.weights.bytes,
    gradients: layout.gradients.bytes,
    optimizer: layout.slots.reduce((sum, s) => sum + s.bytes, 0),
    activations: inputBytes + (scratch - layout.end),
    scratch: end - scratch,
    staged: 0,
    total: end,
  };
  refuseOver(end, request.maxBytes, bytes);
  return { layout, graphs, scratch, work, end, bytes };
}

/** What the op that needs most needs beside its result. */
function workBytes({ graph, schedule }: GraphPlan, binding: Binding): number {
  let most = 0;
  for (const node of schedule) {
    if (node.op !== "defined") continue;
    const inputs = node.inputs.map((i) => graph.nodes[i]!);
    const bytes = definitionOf(node).workBytes?.(node.attrs.attrs, inputs, node, binding);
    most = Math.max(most, alignUp(bytes ?? 0));
  }
  return most;
}

/** Throws if a plan needs more memory than allowed. */
export function refuseOver(total: number, maxBytes: number, bytes: PlanBytes): void {
  if (total <= maxBytes) return;
  const mb = (n: number) => `${(n / 1e6).toFixed(1)} MB`;
  throw new ConfigError(
    "plan/too-large",
    `the plan needs ${mb(total)}, over maxBytes = ${mb(maxBytes)} (parameters ${mb(bytes.parameters)}, gradients ` +
      `${mb(bytes.gradients)}, optimizer ${mb(bytes.optimizer)}, activations ${mb(bytes.activations)}): ` +
      "use a smaller batchSize or model, or raise maxBytes",
    { total, maxBytes, bytes },
  );
}

function addressOf(
  node: AnyNode,
  nodes: readonly AnyNode[],
  layout: Layout,
  gradientAt: ReadonlyMap<number, Region>,
  offsets: ReadonlyMap<number, number>,
  arenaBase: number,
  addresses: ReadonlyMap<number, number>,
): number | undefined {
  switch (node.op) {
    case "parameter":
      return layout.parameters.get(node.attrs.name)!.address;
    case "state":
      return layout.states.get(node.attrs.name)!.address;
    case "input":
      return layout.inputs.get(node.attrs.name)!.address;
    case "constant":
    case "fill":
      return addresses.get(node.id);
    case "reshape":
      return addresses.get(storageOf(nodes, node.id));
    default: {
      const gradient = gradientAt.get(node.id);
      if (gradient) return gradient.address;
      return inArena(node) ? arenaBase + offsets.get(node.id)! : undefined;
    }
  }
}
