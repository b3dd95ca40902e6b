// Checkpoints piece by piece: the same bytes as `saveCheckpoint`, the same trainer as `core.resume`, the same refusals.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EdgegradError } from "../../src/errors.ts";
import { payloadOf, setDigest } from "../../src/io/model-file.ts";
import { Sha256 } from "../../src/io/sha256.ts";
import {
  adam,
  batchNorm,
  conv2d,
  dense,
  dropout,
  flatten,
  loadCore,
  sequential,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
} from "../../src/platform/default.ts";
import { modelFileIn, type StoredFile } from "../../src/train/checkpoint-model.ts";
import {
  type FileKind,
  fileBytesOf,
  restore,
  resumeFrom,
  unsignedModelFile,
  writeFile,
} from "../../src/train/state-stream.ts";
import type { Trainer } from "../../src/train/trainer.ts";

const core = await loadCore();
const module = await WebAssembly.compile(readFileSync("build/core.simd.wasm"));
const host = { module, maxBytes: 1e9, stageBytes: 32e6 };

function written(trainer: Trainer, kind: FileKind): Uint8Array {
  const parts: Uint8Array[] = [];
  writeFile(trainer, kind, {
    payload: (piece) => parts.push(piece.slice()),
    header: (bytes) => parts.unshift(bytes),
  });
  return new Uint8Array(Buffer.concat(parts));
}

function signed(file: Uint8Array): Uint8Array {
  const payload = payloadOf(file);
  setDigest(file.subarray(0, file.length - payload.length), new Sha256().update(payload).hex());
  return file;
}

const cut = (bytes: Uint8Array, size: number): StoredFile => ({
  bytes: bytes.length,
  read(begin, end, into = new Uint8Array(end - begin)) {
    into.set(bytes.subarray(begin, end));
    return into;
  },
  *pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  },
});

const x = Float32Array.from({ length: 20 }, (_, i) => Math.sin(3 * i));
const y = [0, 1, 2, 0];
const trainers = {
  adam: () =>
    core.trainer(sequential([5], [dense(70, { activation: "relu" }), batchNorm(), dropout(0.2), dense(3)]), {
      loss: softmaxCrossEntropy(),
      optimizer: adam(),
      batchSize: 4,
      seed: 3,
    }),
  sgd: () =>
    core.trainer(sequential([5], [dense(3)]), {
      loss: softmaxCrossEntropy(),
      optimizer: sgd(),
      batchSize: 4,
    }),
  image: () =>
    core.trainer(sequential([5, 1, 1], [conv2d(3, 2, { padding: "same" }), flatten(), dense(3)]), {
      loss: softmaxCrossEntropy(),
      optimizer: adam(),
      batchSize: 4,
      seed: 4,
    }),
  recurrent: () =>
    core.trainer(sequential([5, 1], [simpleRnn(4), dense(3)]), {
      ...{ loss: softmaxCrossEntropy(), optimizer: sgd({ momentum: 0.9 }), batchSize: 4 },
    }),
};

describe.each(Object.entries(trainers))("%s", (_, make) => {
  test("is written to the bytes of saveCheckpoint and read to the same bits, however it is cut", () => {
    const trainer = make();
    for (let i = 0; i < 3; i++) trainer.step(x, y);
    const file = trainer.saveCheckpoint();
    expect(written(trainer, "checkpoint")).toEqual(file);
    expect(written(trainer, "model")).toEqual(trainer.saveModel());
    expect(fileBytesOf(trainer, "checkpoint")).toBe(file.length);
    for (const size of [1, 64, 1000, file.length])
      expect(signed(modelFileIn(cut(file, size)))).toEqual(trainer.saveModel());
    expect(signed(unsignedModelFile(trainer))).toEqual(trainer.saveModel());
    const resumed = [1, 7, 64, 1000, file.length].map((size) => resumeFrom(host, cut(file, size), true));
    // A resumed optimizer is the same with its fields in another order.
    const whole = core.resume(file);
    whole.step(x, y);
    trainer.step(x, y);
    expect(whole.fingerprint()).toBe(trainer.fingerprint());
    for (const other of resumed) {
      expect(other.steps).toBe(3);
      other.step(x, y);
      expect(other.saveCheckpoint()).toEqual(whole.saveCheckpoint());
    }
  });

  test("goes back in its own memory", () => {
    const trainer = make();
    for (let i = 0; i < 3; i++) trainer.step(x, y);
    const file = trainer.saveCheckpoint();
    for (let i = 0; i < 4; i++) trainer.step(x, y);
    const later = trainer.fingerprint();
    restore(trainer, cut(file, 77));
    expect(trainer.saveCheckpoint()).toEqual(file);
    for (let i = 0; i < 4; i++) trainer.step(x, y);
    expect([trainer.steps, trainer.fingerprint()]).toEqual([7, later]);
  });

  test("is refused when damaged or cut short, as core.resume refuses it", () => {
    const file = make().saveCheckpoint();
    for (let i = 0; i < 200; i++) {
      const bytes = file.slice(0, i % 5 === 0 ? (i * 37) % file.length : file.length);
      if (i % 5 !== 0) bytes[(i * 7919) % bytes.length]! ^= 1 << (i % 8);
      const verdict = (load: () => Trainer): string => {
        try {
          load().dispose();
          return "ok";
        } catch (error) {
          return error instanceof EdgegradError ? "refused" : String(error);
        }
      };
      expect(verdict(() => resumeFrom(host, cut(bytes, 100)))).toBe(verdict(() => core.resume(bytes)));
    }
  });
});

test("weights that are not finite are refused where they must be finite", () => {
  const trainer = trainers.sgd();
  const weights = trainer.getWeights();
  weights["0.weight"]!.data[4] = Number.NaN;
  trainer.setWeights(weights);
  const file = trainer.saveCheckpoint();
  expect(resumeFrom(host, cut(file, 50)).steps).toBe(0);
  expect(() => resumeFrom(host, cut(file, 50), true)).toThrow(/0\.weight.*NaN/);
});

test("SHA-256 gives the published digests", () => {
  const of = (text: string) => new Sha256().update(new TextEncoder().encode(text)).hex();
  expect(of("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const million = new Sha256();
  for (let i = 0; i < 1000; i++) million.update(new Uint8Array(1000).fill(97));
  expect(million.hex()).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});
