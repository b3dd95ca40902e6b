// The one-pass reader of plain bodies against JSON.parse and the schema.

import { expect, test } from "vitest";
import { dense, embedding, flatten, sequential } from "../../src/api.ts";
import { type FlatArray, readPredictBody } from "../../src/cloudflare/request-body.ts";
import { readInputs } from "../../src/cloudflare/rows-body.ts";
import { scanRows } from "../../src/cloudflare/scan-rows.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const scanned = (text: string) => scanRows(bytesOf(text), "f64");

/** Bit for bit, -0 among them; in f32 as the core would round them. */
function expectSame(text: string): void {
  const { x } = readPredictBody(text);
  const rounded = scanRows(bytesOf(text), "f32")!;
  expect(rounded.rows).toBe((x as FlatArray).rows);
  const words = (of: Float32Array) => new Uint32Array(of.slice().buffer);
  expect(words(rounded.data as Float32Array), text).toStrictEqual(
    words(Float32Array.from((x as FlatArray).data)),
  );
  expect(scanned(text), text).toStrictEqual(x);
  const bits = (of: unknown) => new Uint8Array((of as { data: Float64Array }).data.slice().buffer);
  expect(bits(scanned(text)), text).toStrictEqual(bits(x));
}

test.each([
  '{"x":[1]}',
  '{"x":[[1]]}',
  '{"x":[[1,2],[3,4],[5,6]]}',
  ' { "x" :\n[ [ 1 , 2 ] ,\r\n\t[ 3 , 4 ] ] } \n',
  '{"x":[0,0,0]}',
  '{"x":[[0,0, 0 ],[0,1,0],[2,0,0]]}',
  '{"x":[0,-0,0.0,-0.0,0.5,-1.25,10,100.001]}',
  '{"x":[0.00392156862745098,0.1,0.2,0.3,123456789012345,999999999999999,0.999999999999999]}',
  '{"x":[0.0000000000000000000001,1.0000000000000,12345678.9012345]}',
])("takes %s as JSON.parse does", expectSame);

test("takes random decimals to the bit", () => {
  for (let i = 0; i < 20_000; i++) {
    const digits = Math.floor(Math.random() * 8);
    const values = Array.from({ length: 1 + (i % 7) }, () =>
      ((Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 7)).toFixed(digits),
    );
    expectSame(`{"x":[[${values}]]}`);
  }
});

test("takes as many numbers as it has room for, again and again", () => {
  const row = Array.from({ length: 5000 }, (_, i) => i / 8);
  expectSame(JSON.stringify({ x: row }));
  expectSame(JSON.stringify({ x: [row, row] }));
  expect(scanned(JSON.stringify({ x: new Array(70_000).fill(1) }))).toBeUndefined();
  // As many zeros as there is room for at first, one more, and so on.
  for (const count of [1023, 1024, 1025, 2049]) expectSame(JSON.stringify({ x: new Array(count).fill(0) }));
});

test("what it gives stands until the next call", () => {
  const first = scanned('{"x":[1,2]}');
  expect(first?.data).toStrictEqual(Float64Array.of(1, 2));
  scanned('{"x":[3,4,5]}');
  expect(first?.data).toStrictEqual(Float64Array.of(3, 4));
});

test.each([
  "",
  "{}",
  "[1]",
  '{"x":[]}',
  '{"x":[[]]}',
  '{"x":1}',
  '{"x":[1],"lengths":[1]}',
  '{"x":[0,]}',
  '{"x":[0,,1]}',
  '{"x":[[0,0],[0]]}',
  '{"x":[00,1]}',
  '{"lengths":[1],"x":[1]}',
  '{"x":[1],"x":[2]}',
  '{"x":{"a":[1]}}',
  '{"x":[[[1]]]}',
  '{"x":[[1],2]}',
  '{"x":[1,[2]]}',
  '{"x":[[1,2],[3]]}',
  '{"x":[[1],[2,3]]}',
  '{"x":[1e3]}',
  '{"x":[1E3]}',
  '{"x":[0.12345678901234567]}',
  '{"x":[1000000000000000]}',
  '{"x":[0.00000000000000000000001]}',
  '{"x":[null]}',
  '{"x":["1"]}',
  '{"x":[NaN]}',
  '{"x":[01]}',
  '{"x":[-01]}',
  '{"x":[1.]}',
  '{"x":[.5]}',
  '{"x":[+1]}',
  '{"x":[-]}',
  '{"x":[--1]}',
  '{"x":[1 2]}',
  '{"x":[1,]}',
  '{"x":[,1]}',
  '{"x":[1}',
  '{"x":[1]',
  '{"x":[1]}}',
  '{"x":[1]} 2',
  '{"x":[[1]}',
  '{"x":[1]]}',
  '{" x":[1]}',
  '{"x ":[1]}',
  '{"y":[1]}',
  "{x:[1]}",
  '{"x":[1\u00a0]}',
  '\ufeff{"x":[1]}',
])("leaves %s to JSON.parse", (text) => {
  expect(scanned(text)).toBeUndefined();
});

test("a body cut short or with another byte is read as JSON.parse reads it, or left to it", () => {
  const text = '{"x": [[1, -2.5, 30], [0.25, 6, 7]]}';
  for (let at = 0; at < text.length; at++) {
    expect(scanned(text.slice(0, at))).toBeUndefined();
    for (const byte of '{}[]",:.-+eE0129 xn\n')
      for (const changed of [
        text.slice(0, at) + byte + text.slice(at + 1),
        text.slice(0, at) + byte + text.slice(at),
      ])
        if (scanned(changed)) expectSame(changed);
  }
});

test("inputs of whole numbers keep them exactly", () => {
  const read = (dtype: "f32" | "i32") =>
    readInputs(
      sequential({ shape: [2], dtype }, dtype === "f32" ? [dense(1)] : [embedding(9, 2), flatten()]),
      "application/json",
      bytesOf('{"x":[[16777217,2]]}'),
    ).arrays[0]!.data;
  expect(read("i32")).toStrictEqual(Float64Array.of(16777217, 2));
  expect(read("f32")).toStrictEqual(Float32Array.of(16777216, 2));
});
