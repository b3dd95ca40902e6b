// From the start of a process to the end of its first training step (W2: 784-128-10, batch 32, Adam), beside an empty one.
//
// Place: `npm run bench -- --cold-start`. Invariant: every program is a process of its own, started in turn with the
// others; its figure is the median of its differences from the empty process of the same round.

import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { installPackages, PEERS } from "./peers.ts";
import { median } from "./report.ts";

// Of the project, whose root npm scripts run in; this file may have been bundled elsewhere.
const BENCH = resolve("bench");

const DATA = `
const x = new Float32Array(32 * 784).fill(0.5);
const y = new Int32Array(32);
for (let i = 0; i < 32; i++) y[i] = i % 10;`;

const edgegrad = (entry: string) => `
import { loadCore, sequential, dense, softmaxCrossEntropy, adam } from "${entry}";
const core = await loadCore();
const model = sequential([784], [dense(128, { activation: "relu" }), dense(10)]);
const options = { loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-3 }), batchSize: 32 };
const trainer = core.trainer(model, options);${DATA}
if (!(trainer.step(x, y).loss > 0)) throw new Error("no step");`;

const tfjs = `
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
require("@tensorflow/tfjs-backend-wasm");
if (!(await tf.setBackend("wasm"))) throw new Error("no WASM backend");
const relu = { inputShape: [784], units: 128, activation: "relu" };
const layers = [tf.layers.dense(relu), tf.layers.dense({ units: 10, activation: "softmax" })];
const model = tf.sequential({ layers });
model.compile({ optimizer: tf.train.adam(1e-3), loss: "sparseCategoricalCrossentropy" });${DATA}
const loss = await model.trainOnBatch(tf.tensor2d(x, [32, 784]), tf.tensor1d(Float32Array.from(y)));
if (!(loss > 0)) throw new Error("no step");`;

interface Program {
  readonly name: string;
  readonly file: string;
}

/** The programs as files in `folder`; a bundle is minified and for Node, as an app's is. */
async function programs(folder: string, bundles: Readonly<Record<string, string>>): Promise<Program[]> {
  const made: Program[] = [];
  for (const [name, contents] of Object.entries(bundles)) {
    const file = join(folder, `${made.length}.mjs`);
    await build({
      stdin: { contents, resolveDir: resolve(".") },
      outfile: file,
      ...{ bundle: true, minify: true, format: "esm", platform: "node", logLevel: "error" },
      // The package, as its users get it: not the sources that the repository's own settings name.
      tsconfigRaw: {},
    });
    made.push({ name, file });
  }
  return made;
}

/** Milliseconds of a whole process. */
function timed(node: string, file: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(node, [file], { cwd: BENCH, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

/** A Markdown table; `nodes` are the Node binaries to ask. */
export async function measureColdStart(
  folder: string,
  rounds: number,
  nodes: readonly string[],
): Promise<string> {
  const peers = PEERS.filter((peer) => peer.id === "tfjs-wasm");
  installPackages(peers);
  const all = await programs(folder, {
    "empty process": "",
    "edgegrad/train, bundled": edgegrad("edgegrad/train"),
    "edgegrad, bundled": edgegrad("edgegrad"),
  });
  // Not bundled: it looks for its .wasm files beside its own.
  const peer = join(BENCH, "node_modules", ".cold-start.mjs");
  writeFileSync(peer, tfjs);
  all.push({ name: "tfjs-wasm, from node_modules", file: peer });
  const lines = ["| Node | program | median ms | over the empty process |", "| --- | --- | ---: | ---: |"];
  for (const node of nodes.filter((path) => existsSync(path))) {
    const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
    const times = all.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { file }] of all.entries()) {
        const ms = timed(node, file);
        // The first round fills the caches of the file system.
        if (round > 0) times[i]!.push(ms);
      }
      process.stderr.write(".");
    }
    for (const [i, { name }] of all.entries()) {
      const over = median(times[i]!.map((ms, round) => ms - times[0]![round]!));
      lines.push(`| ${version} | ${name} | ${median(times[i]!).toFixed(1)} | ${over.toFixed(1)} |`);
    }
  }
  process.stderr.write("\n");
  return lines.join("\n");
}
