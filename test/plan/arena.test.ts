// The memory planner on random graphs: an independent check of lifetimes, and freed memory poisoned.
//
// Invariant checked: no two values that are alive at the same time share a byte, unless one took the other's place.

import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { liveNodes } from "../../src/passes/live.ts";
import { bytesOf, inArena, planArena } from "../../src/plan/arena.ts";
import { flopsOf } from "../../src/plan/flops.ts";
import { storageOf } from "../../src/plan/in-place.ts";
import { planMemory } from "../../src/plan/plan.ts";
import { N } from "../../src/shape.ts";
import { randomGraph } from "../graphs/random-graph.ts";

/** Walks the schedule with one owner per byte: whoever reads must still own all its bytes. */
function replay(
  graph: GraphBuilder,
  schedule: readonly AnyNode[],
  offsets: ReadonlyMap<number, number>,
  size: (n: AnyNode) => number,
  bytes: number,
  kept: readonly number[],
): string[] {
  const owner = new Int32Array(bytes).fill(-1);
  const faults: string[] = [];
  const check = (id: number, reader: string) => {
    const at = offsets.get(id);
    if (at === undefined) return;
    const node = graph.nodes[id]!;
    for (let i = 0; i < size(node); i++)
      if (owner[at + i] !== id) {
        faults.push(`${reader} reads ${node.op} ${id}, whose byte ${i} belongs to ${owner[at + i]}`);
        return;
      }
  };
  for (const node of schedule) {
    for (const input of node.inputs) check(storageOf(graph.nodes, input), `${node.op} ${node.id}`);
    const at = offsets.get(node.id);
    if (at !== undefined) owner.fill(node.id, at, at + size(node));
  }
  for (const id of kept) check(storageOf(graph.nodes, id), "the caller");
  return faults;
}

describe("planArena", () => {
  it("keeps live values apart on 300 random graphs", () => {
    let reused = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { graph, binding, loss, grads } = randomGraph(seed);
      const kept = [loss.id, ...grads.map((g) => g.id)];
      const schedule = liveNodes(graph, kept);
      const arena = planArena(graph, schedule, binding, kept, new Set());
      const size = (n: AnyNode) => bytesOf(n, binding);
      expect(replay(graph, schedule, arena.offsets, size, arena.bytes, kept), `seed ${seed}`).toEqual([]);
      const apart = schedule.filter(inArena).reduce((sum, n) => sum + size(n), 0);
      if (arena.bytes < apart / 2) reused++;
    }
    expect(reused).toBeGreaterThan(10);
  });

  it("finds an overlap when lifetimes are wrong (the check can fail)", () => {
    const { graph, binding, loss } = randomGraph(7);
    const schedule = liveNodes(graph, [loss.id]);
    const zero = new Map(schedule.filter(inArena).map((n) => [n.id, 0]));
    const bytes = Math.max(...schedule.map((n) => bytesOf(n, binding)));
    expect(replay(graph, schedule, zero, (n) => bytesOf(n, binding), bytes, [loss.id])).not.toEqual([]);
  });

  it("lets a chain of element-wise ops run in place", () => {
    const b = new GraphBuilder();
    const x = b.add("input", [], { name: "x", role: "x", shape: [N, 100], dtype: "f32" });
    let y = b.affine(x, 2);
    for (let i = 0; i < 10; i++) y = b.unary("tanh", y);
    const arena = planArena(b, b.nodes, { batch: 4, time: 1 }, [y.id], new Set());
    expect(arena.bytes).toBe(4 * 100 * 4);
  });

  it("never writes in place over a value that is read later", () => {
    const b = new GraphBuilder();
    const x = b.add("input", [], { name: "x", role: "x", shape: [N, 8], dtype: "f32" });
    const a = b.unary("exp", x);
    const c = b.unary("tanh", a);
    const y = b.mul(a, c);
    const { offsets } = planArena(b, b.nodes, { batch: 2, time: 1 }, [y.id], new Set());
    expect(offsets.get(a.id)).not.toBe(offsets.get(c.id));
  });
});

describe("planMemory", () => {
  const graph = () => {
    const b = new GraphBuilder();
    const x = b.add("input", [], { name: "x", role: "x", shape: [N, 1000], dtype: "f32" });
    const w = b.add("parameter", [], { name: "w", shape: [1000, 1000] });
    return { b, y: b.matmul(x, w) };
  };
  const request = (maxBytes: number) => {
    const { b, y } = graph();
    return {
      heapBase: 1024,
      maxBytes,
      binding: { batch: 8, time: 1 },
      trainable: null,
      slotCount: 0,
      reportWidth: 1,
      stepsPerCall: 1,
      graphs: [{ graph: b, outputs: [y.id] }],
    };
  };

  it("refuses a plan over maxBytes and says what it needs", () => {
    expect(() => planMemory(request(1e6))).toThrow(ConfigError);
    expect(() => planMemory(request(1e6))).toThrow(/over maxBytes = 1\.0 MB .*parameters 4\.0 MB/);
  });

  it("counts parameters, activations and work", () => {
    const plan = planMemory(request(1e9));
    expect(plan.bytes.parameters).toBe(4e6);
    expect(plan.bytes.total).toBe(plan.end);
    expect(plan.graphs[0]!.flops).toBe(2 * 8 * 1000 * 1000);
    const { b, y } = graph();
    expect(
      flopsOf(
        y,
        y.inputs.map((i) => b.nodes[i]!),
        { batch: 1, time: 1 },
      ),
    ).toBe(2e6);
  });
});
