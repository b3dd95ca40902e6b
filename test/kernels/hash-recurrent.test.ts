/**
 * SHA-256 against Node's own, and the recurrent layer against a plain loop in f64.
 * Invariant proved here: padding of a sequence changes neither its states nor its gradients.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Op } from "../../src/abi.ts";
import { GEMM_SCRATCH_BYTES } from "../../src/abi-gemm.ts";
import { firstDifference, record, TapeCore, variants } from "./tape-core.ts";

let seed = 5;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 8) / 2 ** 24;
}
const numbers = (n: number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, () => (random() - 0.5) * scale);

interface Layer {
  rows: number;
  time: number;
  hidden: number;
  relu: boolean;
  reverse: boolean;
  lengths?: number[];
  h0?: Float32Array;
}

/** States [rows][time][hidden], then gradients, by the formulas of src/abi.ts. */
function reference(
  layer: Layer,
  x: Float32Array,
  w: Float32Array,
  dh: Float32Array,
): { h: number[]; previous: number[]; dx: number[]; dh0: number[] } {
  const { rows, time, hidden, relu, reverse, lengths, h0 } = layer;
  const h = Array<number>(rows * time * hidden).fill(0);
  const previous = h.slice();
  const dx = h.slice();
  const dh0: number[] = [];
  for (let n = 0; n < rows; n++) {
    const order = Array.from({ length: time }, (_, t) => (reverse ? time - 1 - t : t));
    const live = (t: number): boolean => lengths === undefined || t < (lengths[n] as number);
    let state = Array.from({ length: hidden }, (_, j) => (h0 ? (h0[n * hidden + j] as number) : 0));
    for (const t of order) {
      const at = (n * time + t) * hidden;
      for (let j = 0; j < hidden; j++) previous[at + j] = state[j] as number;
      if (live(t))
        state = state.map((_, j) => {
          const sum = state.reduce((s, v, i) => s + v * (w[i * hidden + j] as number), x[at + j] as number);
          return relu ? Math.max(sum, 0) : Math.tanh(sum);
        });
      for (let j = 0; j < hidden; j++) h[at + j] = state[j] as number;
    }
    let carry = Array<number>(hidden).fill(0);
    for (const t of order.reverse()) {
      const at = (n * time + t) * hidden;
      const total = carry.map((v, j) => v + (dh[at + j] as number));
      if (!live(t)) {
        carry = total;
        continue;
      }
      const d = total.map((v, j) => {
        const y = h[at + j] as number;
        return relu ? (y > 0 ? v : 0) : v * (1 - y * y);
      });
      for (let j = 0; j < hidden; j++) dx[at + j] = d[j] as number;
      carry = carry.map((_, i) => d.reduce((s, v, j) => s + v * (w[i * hidden + j] as number), 0));
    }
    dh0.push(...carry);
  }
  return { h, previous, dx, dh0 };
}

function close(got: ArrayLike<number>, want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    if (!(Math.abs((got[i] as number) - (want[i] as number)) <= 3e-6))
      expect.fail(`[${i}]: ${got[i]} instead of ${want[i]}`);
}

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  function sha(bytes: Uint8Array, canonical = 0): string {
    core.reset();
    const out = core.words(new Int32Array(8));
    const a = core.bytes(bytes);
    core.ok(record(Op.Sha256, out, a, bytes.length, canonical));
    return Buffer.from(core.u8.slice(out, out + 32)).toString("hex");
  }

  it("hashes the published vectors", () => {
    const text = (s: string): Uint8Array => new TextEncoder().encode(s);
    expect(sha(text(""))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha(text("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(sha(text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))).toBe(
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
  });

  it("hashes every length as Node does", () => {
    for (let n = 0; n <= 300; n++) {
      const bytes = Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
      expect(sha(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });

  it("makes NaNs canonical and nothing else", () => {
    for (const n of [1, 13, 14, 15, 16, 31, 40]) {
      const words = Uint32Array.from(
        { length: n },
        (_, i) =>
          [0x7fc00000, 0xffc00000, 0x7f800001, 0x7f800000, 0xff800000, 0xffffffff, 0x3f800000, 0x80000000, 1][
            i % 9
          ] as number,
      );
      const canonical = words.map((x) => ((x & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : x));
      const bytes = (w: Uint32Array): Uint8Array => new Uint8Array(w.buffer);
      expect(sha(bytes(words), 1)).toBe(createHash("sha256").update(bytes(canonical)).digest("hex"));
      expect(sha(bytes(words), 0)).toBe(createHash("sha256").update(bytes(words)).digest("hex"));
    }
  });

  const layers: Layer[] = [];
  for (const [rows, time, hidden] of [
    [1, 1, 1],
    [3, 4, 5],
    [2, 7, 8],
    [5, 3, 17],
    [1, 6, 4],
    [4, 5, 33],
  ] as const)
    for (const relu of [false, true])
      for (const reverse of [false, true])
        for (const masked of [false, true])
          layers.push({
            rows,
            time,
            hidden,
            relu,
            reverse,
            ...(masked && {
              lengths: Array.from({ length: rows }, (_, n) => (n * 3 + 1) % (time + 1)),
              h0: numbers(rows * hidden),
            }),
          });

  it.each(layers)("rnn $rows×$time×$hidden relu $relu reverse $reverse lengths $lengths", (layer) => {
    const { rows, time, hidden, relu, reverse } = layer;
    const size = rows * time * hidden;
    const [x, w, dh] = [numbers(size, 2), numbers(hidden * hidden, 1), numbers(size, 2)];
    const want = reference(layer, x, w, dh);
    core.reset();
    const [xAt, wAt, dhAt] = [core.floats(x), core.floats(w), core.floats(dh)];
    const h0 = layer.h0 ? core.floats(layer.h0) : 0;
    const lengths = layer.lengths ? core.words(layer.lengths) : 0;
    const scratch = (core.floats(GEMM_SCRATCH_BYTES / 4 + 16) + 63) & ~63;
    const [h, previous, dx] = [core.floats(size), core.floats(size), core.floats(size)];
    const [dh0, carry] = [core.floats(rows * hidden), core.floats(rows * hidden)];
    core.ok(
      record(Op.Rnn, h, xAt, wAt, h0, lengths, rows, time, hidden, +reverse, +relu, scratch),
      record(Op.RnnPrevious, previous, h, h0, rows, time, hidden, +reverse),
      record(Op.RnnGrad, dx, h, dhAt, wAt, dh0, lengths, rows, time, hidden, +reverse, +relu, scratch, carry),
    );
    close(core.readFloats(h, size), want.h);
    close(core.readFloats(previous, size), want.previous);
    close(core.readFloats(dx, size), want.dx);
    close(core.readFloats(dh0, rows * hidden), want.dh0);
    // without the gradient of h0, and in place of x
    core.ok(
      record(Op.RnnGrad, dx, h, dhAt, wAt, 0, lengths, rows, time, hidden, +reverse, +relu, scratch, carry),
      record(Op.Rnn, xAt, xAt, wAt, h0, lengths, rows, time, hidden, +reverse, +relu, scratch),
    );
    close(core.readFloats(dx, size), want.dx);
    expect(firstDifference(core.readFloats(xAt, size), core.readFloats(h, size))).toBe(-1);
  });
});
