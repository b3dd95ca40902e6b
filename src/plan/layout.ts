// Places everything that outlives a step: tables, weights, gradients, optimizer state, inputs, constants.
//
// Place: first half of the plan; the temporaries of each graph follow in one arena shared by all its graphs.
// Invariant: parameters stand in model order in one block with the states behind them, so that a fingerprint is one
// pass over it; gradients and optimizer slots stand in the same order, so that one record updates a run of them.

import { Uniform } from "../abi.ts";
import type { Graph } from "../graph/builder.ts";
import type { AnyNode, Node } from "../graph/ops.ts";
import { type Binding, sizeOf } from "../shape.ts";
import { alignUp, bytesOf } from "./arena.ts";

export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** Adjacent trainable parameters of one group that are not fused, updated by one record. Addresses of weights, gradients, and each slot. */
export interface Run {
  readonly group: number;
  readonly weights: number;
  readonly gradients: number;
  readonly slots: readonly number[];
  readonly elements: number;
}

export interface Layout {
  readonly uniforms: number;
  readonly rates: number;
  /** Columns of the table of rates: the learning rate, then the scalars of the optimizer. */
  readonly rateWidth: number;
  readonly reports: number;
  readonly reportWidth: number;
  readonly stepsPerCall: number;
  readonly parameters: ReadonlyMap<string, Region>;
  readonly states: ReadonlyMap<string, Region>;
  /** All parameters and states. */
  readonly weights: Region;
  readonly gradients: Region;
  readonly gradientOf: ReadonlyMap<string, Region>;
  readonly slots: readonly Region[];
  /** Where scalars of a step wait for element-wise records. */
  readonly cells: Region;
  /** f64 products of an optimizer (βᵗ). */
  readonly powers: Region;
  readonly runs: readonly Run[];
  readonly inputs: ReadonlyMap<string, Region>;
  readonly end: number;
}

export interface LayoutRequest {
  readonly heapBase: number;
  readonly graphs: readonly Graph[];
  /** Names of the trainable parameters; null: inference, no gradients. */
  readonly trainable: ReadonlySet<string> | null;
  /** Parameters that are updated by records of their own. */
  readonly fused?: ReadonlySet<string>;
  /** Group of each trainable parameter; default 0. */
  readonly groups?: ReadonlyMap<string, number>;
  readonly slotCount: number;
  /** Default 1. */
  readonly rateWidth?: number;
  readonly reportWidth: number;
  readonly stepsPerCall: number;
  readonly binding: Binding;
}

const CELL_BYTES = 16;

/** Hands out addresses upwards. */
class Cursor {
  constructor(public at: number) {}
  take(bytes: number): Region {
    const region = { address: this.at, bytes };
    this.at += alignUp(bytes);
    return region;
  }
}

const distinct = <K extends "parameter" | "state" | "input">(graphs: readonly Graph[], op: K): Node<K>[] => {
  const found = new Map<string, AnyNode>();
  for (const graph of graphs)
    for (const node of graph.nodes)
      if (node.op === op && !found.has((node.attrs as { name: string }).name))
        found.set((node.attrs as { name: string }).name, node);
  return [...found.values()] as unknown as Node<K>[];
};

export function planLayout(request: LayoutRequest): Layout {
  const { graphs, trainable, fused, groups, slotCount, binding, reportWidth, stepsPerCall } = request;
  const { rateWidth = 1 } = request;
  const cursor = new Cursor(alignUp(request.heapBase));
  const uniforms = cursor.take(Uniform.Count * 4).address;
  const rates = cursor.take(stepsPerCall * rateWidth * 4).address;
  const reports = cursor.take(stepsPerCall * reportWidth * 4).address;

  const place = (nodes: readonly { attrs: { name: string }; shape: Node["shape"] }[]) => {
    const map = new Map<string, Region>();
    for (const node of nodes) map.set(node.attrs.name, cursor.take(4 * sizeOf(node.shape, binding)));
    return map;
  };
  const start = cursor.at;
  const parameterNodes = distinct(graphs, "parameter");
  const parameters = place(parameterNodes);
  const states = place(distinct(graphs, "state"));
  const weights = { address: start, bytes: cursor.at - start };

  const trained = trainable ? [...parameters].filter(([name]) => trainable.has(name)) : [];
  const gradientStart = cursor.at;
  const gradientOf = new Map(trained.map(([name, { bytes }]) => [name, cursor.take(bytes)]));
  const gradients = { address: gradientStart, bytes: cursor.at - gradientStart };
  const slots = Array.from({ length: slotCount }, () => cursor.take(gradients.bytes));
  const powers = cursor.take(16);
  // A cell for each scalar, and two for constants and clipping.
  const cells = cursor.take(CELL_BYTES * (rateWidth + 1));

  const runs: Run[] = [];
  let open: { weights: number; gradients: number; bytes: number; group: number } | undefined;
  const close = () => {
    if (!open) return;
    const { weights: w, gradients: g, bytes, group } = open;
    const own = slots.map((s) => s.address + g - gradients.address);
    runs.push({ weights: w, gradients: g, slots: own, elements: bytes / 4, group });
  };
  for (const [name, region] of trained) {
    const gradient = gradientOf.get(name)!.address;
    const size = alignUp(region.bytes);
    const group = groups?.get(name) ?? 0;
    if (fused?.has(name)) {
      close();
      open = undefined;
    } else if (open && open.group === group && open.weights + open.bytes === region.address)
      open.bytes += size;
    else {
      close();
      open = { weights: region.address, gradients: gradient, bytes: size, group };
    }
  }
  close();

  const inputs = new Map<string, Region>();
  for (const node of distinct(graphs, "input"))
    inputs.set(node.attrs.name, cursor.take(bytesOf(node as unknown as AnyNode, binding)));

  return {
    uniforms,
    rates,
    rateWidth,
    reports,
    reportWidth,
    stepsPerCall,
    parameters,
    states,
    weights,
    gradients,
    gradientOf,
    slots,
    powers,
    cells,
    runs,
    inputs,
    end: cursor.at,
  };
}
