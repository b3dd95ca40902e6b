// From the start of a process to the end of its first training step (W2: 784-128-10, batch 32, Adam), beside an empty one.
//
// Place: `npm run bench -- --cold-start`. Invariant: every program is a process of its own, started in turn with the
// others; its figure is the median of its differences from the empty process of the same round.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { installPackages, PEERS } from "./peers.ts";
import { median } from "./report.ts";

// Of the project, whose root npm scripts run in; this file may have been bundled elsewhere.
const BENCH = resolve("bench");

const DATA = `
const x = new Float32Array(32 * 784).fill(0.5);
const y = new Int32Array(32);
for (let i = 0; i < 32; i++) y[i] = i % 10;`;

/** What a program is bundled from. */
interface Source {
  readonly contents: string;
  /** Where its imports are looked up. Default: the project, whose package they then name. */
  readonly folder?: string;
  readonly options?: BuildOptions;
}

const edgegrad = (entry: string): Source => ({
  contents: `
import { loadCore, sequential, dense, softmaxCrossEntropy, adam } from "${entry}";
const core = await loadCore();
const model = sequential([784], [dense(128, { activation: "relu" }), dense(10)]);
const options = { loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-3 }), batchSize: 32 };
const trainer = core.trainer(model, options);${DATA}
if (!(trainer.step(x, y).loss > 0)) throw new Error("no step");`,
});

/** Operations whose gradients a step of W2 needs. */
const GRADIENTS = ["Add", "BatchMatMul", "Cast", "LogSoftmax", "Multiply", "Relu", "Reshape", "Sum"];
const configOf = (op: string) => `${op[0]!.toLowerCase()}${op.slice(1)}GradConfig`;

/** Of the parts that it needs, as whoever counts bytes puts them together; its kernels are one WASM file, with all of them. */
const tfjs: Source = {
  contents: `
import * as tf from "@tensorflow/tfjs-core/dist/ops/ops.js";
import { AdamOptimizer, registerGradient, setBackend, variable } from "@tensorflow/tfjs-core";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
${GRADIENTS.map((op) => `import { ${configOf(op)} } from "@tensorflow/tfjs-core/dist/gradients/${op}_grad.js";`).join("\n")}
for (const gradient of [${GRADIENTS.map(configOf)}]) registerGradient(gradient);
setWasmPaths("./node_modules/@tensorflow/tfjs-backend-wasm/dist/");
if (!(await setBackend("wasm"))) throw new Error("no WASM backend");${DATA}
const layer = (from, to) => [variable(tf.truncatedNormal([from, to], 0, 0.05)), variable(tf.zeros([to]))];
const [w1, b1] = layer(784, 128), [w2, b2] = layer(128, 10);
const xs = tf.tensor2d(x, [32, 784]), ys = tf.oneHot(tf.tensor1d(y, "int32"), 10);
const loss = new AdamOptimizer(1e-3, 0.9, 0.999).minimize(() => {
  const logits = tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(xs, w1), b1)), w2), b2);
  return tf.mul(tf.sum(tf.mul(ys, tf.logSoftmax(logits))), -1 / 32);
}, true);
if (!(loss.dataSync()[0] > 0)) throw new Error("no step");`,
  folder: BENCH,
  options: {
    mainFields: ["module", "main"],
    // Parts of it are CommonJS and ask for these.
    banner: {
      js: `
import { createRequire as requireFor } from "node:module";
const require = requireFor(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`,
    },
  },
};

interface Program {
  readonly name: string;
  readonly file: string;
}

/** The programs as files in `into`, each a bundle, minified and for Node, as an app's is. */
async function programs(into: string, sources: Readonly<Record<string, Source>>): Promise<Program[]> {
  const made: Program[] = [];
  for (const [name, { contents, folder = resolve("."), options }] of Object.entries(sources)) {
    const file = join(into, `${made.length}.mjs`);
    await build({
      stdin: { contents, resolveDir: folder },
      outfile: file,
      ...{ bundle: true, minify: true, format: "esm", platform: "node", logLevel: "error" },
      ...options,
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
    "empty process": { contents: "" },
    "edgegrad/train": edgegrad("edgegrad/train"),
    edgegrad: edgegrad("edgegrad"),
    "tfjs-wasm": tfjs,
  });
  const lines = [
    "| Node | bundle of | median ms | over the empty process | of tfjs-wasm's |",
    "| --- | --- | ---: | ---: | ---: |",
  ];
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
    // The empty process is the first, the peer the last.
    const over = times.map((own) => median(own.map((ms, round) => ms - times[0]![round]!)));
    for (const [i, { name }] of all.entries())
      lines.push(
        `| ${version} | ${name} | ${median(times[i]!).toFixed(1)} | ${over[i]!.toFixed(1)} | ${(over[i]! / over.at(-1)!).toFixed(2)} |`,
      );
  }
  process.stderr.write("\n");
  return lines.join("\n");
}
