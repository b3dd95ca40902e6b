// A blob in chunks: read whole, or only where it is asked for, whatever way it was cut.

import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { SqlStorage } from "../../src/cloudflare/object-platform.ts";
import {
  blobSource,
  CHUNK_BYTES,
  createTables,
  PartWriter,
  writeBlob,
} from "../../src/cloudflare/object-schema.ts";
import { loadPredictor, loadTrainer, newestModelFile } from "../../src/cloudflare/stored-model.ts";
import { StateError } from "../../src/errors.ts";
import { payloadOf, setDigest } from "../../src/io/model-file.ts";
import { Sha256 } from "../../src/io/sha256.ts";
import { adam, dense, loadCore, sequential, softmaxCrossEntropy } from "../../src/platform/default.ts";
import { writeFile } from "../../src/train/state-stream.ts";

/** What the object's storage does, and which parts were read. */
function storage(): { sql: SqlStorage; read: number[] } {
  const database = new DatabaseSync(":memory:");
  const read: number[] = [];
  const exec = (query: string, ...bindings: never[]) => {
    if (query.startsWith("SELECT bytes")) read.push(bindings[1]!);
    const rows = database
      .prepare(query)
      .all(...bindings)
      .map((row) => {
        const { bytes } = row;
        return bytes instanceof Uint8Array ? { ...row, bytes: bytes.slice().buffer } : row;
      });
    return { toArray: () => rows, [Symbol.iterator]: () => rows.values() };
  };
  const sql = { exec, databaseSize: 0 } as unknown as SqlStorage;
  createTables(sql);
  return { sql, read };
}

/** A model file's digest is put in by who sends it. */
function signed(file: Uint8Array): Uint8Array {
  const payload = payloadOf(file);
  setDigest(file.subarray(0, file.length - payload.length), new Sha256().update(payload).hex());
  return file;
}

const bytes = Uint8Array.from({ length: 2 * CHUNK_BYTES + 100 }, (_, i) => (i * 31 + (i >> 9)) % 256);

test("what was cut apart is read apart", () => {
  const { sql, read } = storage();
  const blob = writeBlob(sql, (sink) => {
    sink.payload(bytes.subarray(0, 10), 5);
    sink.cut!();
    sink.payload(bytes.subarray(10, 300), 15);
    sink.payload(bytes.subarray(300, 400), 305);
    sink.cut!();
    sink.payload(bytes.subarray(400), 405);
    sink.header(Uint8Array.of(1, 2, 3, 4, 5));
  });
  const file = blobSource(sql, blob);
  expect(file.bytes).toBe(bytes.length + 5);
  expect(file.read(15, 405)).toEqual(bytes.subarray(10, 400));
  expect(read).toEqual([2]);
  expect([...file.pieces()].length).toBe(1 + 2 + 2);
});

test("any stretch of a blob is read as it was written", () => {
  const { sql } = storage();
  const parts = new PartWriter(sql, -1, 0);
  parts.write(bytes);
  parts.flush();
  const file = blobSource(sql, -1);
  const edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 7, 2 * CHUNK_BYTES, bytes.length];
  for (const begin of edges)
    for (const end of edges.filter((edge) => edge >= begin))
      expect(Buffer.compare(file.read(begin, end), bytes.subarray(begin, end))).toBe(0);
});

test("a blob that is gone is an error of the state", () => {
  const { sql } = storage();
  expect(() => blobSource(sql, 7)).toThrow(StateError);
  const blob = writeBlob(sql, (sink) => sink.header(Uint8Array.of(1)));
  const file = blobSource(sql, blob);
  sql.exec("DELETE FROM chunks");
  expect(() => file.read(0, 1)).toThrow(StateError);
});

test.each(["cut where the optimizer begins", "in whole chunks, as older releases wrote"])(
  "a state %s is loaded with its bits",
  async (how) => {
    const core = await loadCore();
    const module = await WebAssembly.compile(readFileSync("build/core.full.wasm"));
    const host = { module, maxBytes: 1e9, stageBytes: 0 };
    // Weights that lie before and behind the optimizer's tensors in the file, and more than a chunk of them.
    const model = sequential([700], [dense(500, { name: "a" }), dense(9, { name: "z" })]);
    const trainer = core.trainer(model, { loss: softmaxCrossEntropy(), optimizer: adam(), batchSize: 2 });
    const x = Float32Array.from({ length: 1400 }, (_, i) => Math.sin(i));
    trainer.step(x, [3, 8]);
    const { sql } = storage();
    const blob = writeBlob(sql, ({ payload, header, cut }) =>
      writeFile(trainer, "checkpoint", { payload, header, ...(how.startsWith("cut") && { cut: cut! }) }),
    );
    sql.exec("INSERT INTO versions VALUES (1, ?, 1, '', 'created', NULL, 0)", blob);
    const predictor = loadPredictor(host, sql, { batchSize: 2 });
    expect(predictor.fingerprint()).toBe(trainer.fingerprint());
    expect(predictor.predict(x)).toEqual(trainer.predict(x));
    const loaded = loadTrainer(host, sql).trainer;
    expect(core.predictor(signed(newestModelFile(sql))).fingerprint()).toBe(trainer.fingerprint());
    // With what the optimizer remembers.
    for (const either of [trainer, loaded]) either.step(x, [1, 2]);
    expect(loaded.fingerprint()).toBe(trainer.fingerprint());
  },
);
