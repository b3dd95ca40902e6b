// The safetensors container against the shared conformance cases, and against files damaged in every place.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { readSafetensors, type SafetensorsTensor, writeSafetensors } from "../../src/io/safetensors.ts";
import { describeShared, sharedPath } from "../shared.ts";

interface Case {
  name: string;
  accept: boolean | null;
  rule: string;
  base64: string;
}

const casesPath = "conformance/safetensors/cases.json";

/** The error code of a reading, or "ok"; anything thrown that is not a FormatError escapes and fails the test. */
function verdict(bytes: Uint8Array, options = {}): string {
  try {
    readSafetensors(bytes, options);
    return "ok";
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}

function file(header: string, data: Uint8Array | number = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

const entry = (begin: number, end: number, dtype = "F32") =>
  `{"dtype":"${dtype}","shape":[${(end - begin) / 4}],"data_offsets":[${begin},${end}]}`;

const sample: SafetensorsTensor[] = [
  { name: "labels", dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) },
  { name: "0.weight", dtype: "F32", shape: [2, 2], data: Float32Array.of(1, -2, 3.5, Number.NaN) },
  { name: "10", dtype: "F32", shape: [], data: Float32Array.of(-0) },
  { name: '層 "quoted"\n', dtype: "I32", shape: [1], data: Int32Array.of(-7) },
  { name: "rate", dtype: "F64", shape: [2], data: Float64Array.of(Math.PI, 1e-300) },
  { name: "empty", dtype: "U32", shape: [4, 0], data: new Uint32Array(0) },
];
const metadata = { "edgegrad.format": "1", text: 'é \\ " \u{1f600}' };

describeShared("shared conformance cases", casesPath, () => {
  test("all 92 agree", () => {
    const { cases } = JSON.parse(readFileSync(sharedPath(casesPath), "utf8")) as { cases: Case[] };
    expect(cases.length).toBe(92);
    const wrong = cases.filter(({ accept, base64 }) => {
      const accepted = verdict(new Uint8Array(Buffer.from(base64, "base64"))) === "ok";
      return accept !== null && accepted !== accept;
    });
    expect(wrong.map(({ name, rule }) => `${name}: ${rule}`)).toEqual([]);
  });
});

describe("reading names the attack", () => {
  const empty = new Uint8Array(8);
  const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  test.each<[string, Uint8Array, string]>([
    ["no bytes", new Uint8Array(0), "safetensors/truncated"],
    ["empty header", empty, "safetensors/json"],
    ["header of 2^64 - 1 bytes", huge, "safetensors/header-too-large"],
    ["byte order mark", file("\ufeff{}"), "safetensors/json"],
    ["space before the header", file(" {}"), "safetensors/json"],
    ["NUL padding", file("{}\0"), "safetensors/json"],
    ["two values", file("{}{}"), "safetensors/json"],
    ["deep nesting", file(`{"a":${"[".repeat(1e6)}`), "safetensors/json"],
    ["unclosed string", file('{"a'), "safetensors/json"],
    ["string ending in a backslash", file('{"a\\'), "safetensors/json"],
    ["control character in a string", file('{"\n":1}'), "safetensors/json"],
    ["unknown escape", file('{"\\x41":1}'), "safetensors/json"],
    ["leading zero", file('{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', 4), "safetensors/json"],
    ["hole", file(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), "safetensors/hole"],
    ["overlap", file(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), "safetensors/overlap"],
    ["trailing bytes", file(`{"a":${entry(0, 4)}}`, 5), "safetensors/trailing-bytes"],
    ["missing bytes", file(`{"a":${entry(0, 4)}}`, 3), "safetensors/truncated"],
    ["repeated name", file(`{"a":${entry(0, 4)},"\\u0061":${entry(4, 8)}}`, 8), "safetensors/duplicate"],
    ["repeated metadata", file('{"__metadata__":{},"__metadata__":{}}'), "safetensors/duplicate"],
    ["repeated metadata key", file('{"__metadata__":{"a":"","a":""}}'), "safetensors/duplicate"],
    ["unknown field", file('{"a":{"strides":[1]}}'), "safetensors/field"],
    ["unknown dtype", file(`{"a":${entry(0, 4, "constructor")}}`, 4), "safetensors/dtype"],
    [
      "offsets reversed",
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', 1),
      "safetensors/size-mismatch",
    ],
    [
      "product past 2^53",
      file(`{"a":{"dtype":"U8","shape":[${"99999999,".repeat(3)}1],"data_offsets":[0,0]}}`),
      "safetensors/overflow",
    ],
    ["prototype name", file(`{"__proto__":${entry(0, 4)}}`, 4), "safetensors/name"],
    ["name that UTF-8 cannot hold", file(`{"\\ud800":${entry(0, 4)}}`, 4), "safetensors/name"],
  ])("%s", (_, bytes, code) => {
    expect(verdict(bytes)).toBe(code);
  });

  test("caps below the format's own", () => {
    const bytes = file(`{"a":${entry(0, 4)},"b":${entry(4, 8)}}`, 8);
    expect(verdict(bytes, { maxTensors: 2 })).toBe("ok");
    expect(verdict(bytes, { maxTensors: 1 })).toBe("safetensors/too-many-tensors");
    expect(verdict(bytes, { maxHeaderBytes: 64 })).toBe("safetensors/header-too-large");
  });

  test("a header over 100,000,000 bytes is refused even where the caller allows it", () => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, 100_000_001, true);
    expect(verdict(bytes, { maxHeaderBytes: 2 ** 40 })).toBe("safetensors/header-too-large");
  });

  test("the tensor is named", () => {
    const bytes = file(`{"a":${entry(0, 4)},"late":${entry(8, 12)}}`, 12);
    expect(() => readSafetensors(bytes)).toThrow(/hole before tensor "late": expected it at byte 4, got 8/);
    try {
      readSafetensors(bytes);
    } catch (error) {
      expect((error as FormatError).fields.tensor).toBe("late");
    }
  });
});

test("from Node's Buffer come plain views, whose slice() copies", () => {
  const { data } = readSafetensors(Buffer.from(file(`{"a":${entry(0, 4)}}`, 4))).tensors.get("a")!;
  expect(data.constructor).toBe(Uint8Array);
  expect(data.slice().buffer.byteLength).toBe(4);
});

test("metadata keys never reach a prototype", () => {
  const read = readSafetensors(file('{"__metadata__":{"__proto__":"x","toString":"y"}}'));
  expect(Object.getPrototypeOf(read.metadata)).toBe(null);
  expect(Object.entries(read.metadata)).toEqual([
    ["__proto__", "x"],
    ["toString", "y"],
  ]);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

describe("writing", () => {
  const bytes = writeSafetensors(sample, metadata);

  test("what is written is read back, bit for bit", () => {
    const read = readSafetensors(bytes);
    expect({ ...read.metadata }).toEqual(metadata);
    expect([...read.tensors.keys()].sort()).toEqual(sample.map(({ name }) => name).sort());
    for (const { name, dtype, shape, data } of sample) {
      const got = read.tensors.get(name)!;
      expect([got.dtype, got.shape]).toEqual([dtype, shape]);
      expect(got.data).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });

  test("each tensor starts at a multiple of its element size", () => {
    for (const [name, { data }] of readSafetensors(bytes).tensors) {
      const { BYTES_PER_ELEMENT } = sample.find((tensor) => tensor.name === name)!.data as Uint8Array;
      expect(data.byteOffset % BYTES_PER_ELEMENT).toBe(0);
    }
  });

  test("the order of the input does not show in the file", () => {
    expect(writeSafetensors([...sample].reverse(), metadata)).toEqual(bytes);
  });

  test("a view into a larger buffer writes its own part only", () => {
    const whole = Float32Array.of(9, 1, 2, 9);
    const part = writeSafetensors([{ name: "a", dtype: "F32", shape: [2], data: whole.subarray(1, 3) }]);
    expect(readSafetensors(part).tensors.get("a")!.data).toEqual(
      new Uint8Array(Float32Array.of(1, 2).buffer),
    );
  });

  test("no tensors", () => {
    expect(readSafetensors(writeSafetensors([])).tensors.size).toBe(0);
  });

  test.each<[string, SafetensorsTensor[], string]>([
    ["a name twice", [sample[0]!, sample[0]!], "safetensors/duplicate"],
    ["the reserved name", [{ ...sample[0]!, name: "__metadata__" }], "safetensors/duplicate"],
    ["a prototype name", [{ ...sample[0]!, name: "constructor" }], "safetensors/name"],
    ["data too short", [{ ...sample[0]!, shape: [4] }], "safetensors/size-mismatch"],
    ["a shape of fractions", [{ ...sample[0]!, shape: [1.5, 2.5] }], "safetensors/overflow"],
  ])("refuses %s", (_, tensors, code) => {
    expect(() => writeSafetensors(tensors)).toThrow(expect.objectContaining({ code }));
  });
});

describe("damage", () => {
  const bytes = writeSafetensors(sample, metadata);

  test("cut short at every byte: refused", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(verdict(bytes.subarray(0, length)), `cut at ${length}`).toMatch(/^safetensors\//);
    }
  });

  test("any one byte changed, 16 ways each: read or refused, never another error", () => {
    let accepted = 0;
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (let way = 0; way < 16; way++) {
        const damaged = bytes.slice();
        damaged[at]! ^= way < 8 ? 1 << way : (way * 89 + at * 31) & 255 || 1;
        if (verdict(damaged) === "ok") accepted++;
        else refused++;
      }
    }
    // Changes in the data and inside names are legal; changes in the structure are not.
    expect(accepted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(1000);
  });
});
