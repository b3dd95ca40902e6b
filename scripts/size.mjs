// Measures what a user downloads and holds it to its budget.
//
// Place: `npm run size`, a part of `npm run check`; reads the built package.
// Invariant: an app is bundled and minified from the package's own exports as a consumer's bundler would,
// and only what loads at start counts: the relaxed core is a chunk of its own, listed but not counted.

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import * as esbuild from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// KiB, gzip -9. The WASM lies inside the JS as deflated base64, so the first row is JS + WASM.
const apps = [
  {
    name: "train a digit classifier (JS + WASM)",
    budget: 40,
    code: `import { loadCore, sequential, dense, softmaxCrossEntropy, adam } from "edgegrad";
      const model = sequential([784], [dense(128, { activation: "relu" }), dense(10)]);
      const core = await loadCore();
      globalThis.trainer = core.trainer(model, { loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-3 }), batchSize: 64, seed: 1 });`,
  },
  {
    name: "predict only (edgegrad/predict)",
    budget: 25,
    code: `import { loadCore } from "edgegrad/predict";
      globalThis.predictor = (await loadCore()).predictor(globalThis.modelBytes);`,
  },
];

const binaries = [
  { name: "the WASM alone", file: "core.simd.wasm", budget: 18 },
  { name: "the relaxed WASM (only with fast: true)", file: "core.relaxed.wasm", budget: undefined },
];

const gzipKiB = (bytes) => gzipSync(bytes, { level: 9 }).length / 1024;

async function bundleApp({ code }) {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    stdin: { contents: code, resolveDir: root, sourcefile: "app.js" },
    outdir: "out",
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    write: false,
    tsconfigRaw: {},
    logLevel: "warning",
  });
  // Follow static imports from the entry; a dynamic import is a later download.
  const outputs = Object.entries(metafile.outputs);
  const loaded = new Set();
  const follow = (path) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) {
      if (kind === "import-statement") follow(next);
    }
  };
  follow(
    outputs.find(
      ([, output]) => output.entryPoint !== undefined && basename(output.entryPoint) === "app.js",
    )[0],
  );
  const text = [...loaded].map((path) => outputFiles.find((file) => file.path === join(root, path)).contents);
  return gzipKiB(Buffer.concat(text));
}

function report(name, kiB, budget) {
  const over = budget !== undefined && kiB > budget;
  const limit = budget === undefined ? "" : ` of ${budget}${over ? "  OVER BUDGET" : ""}`;
  console.log(`${kiB.toFixed(1).padStart(6)} KB${limit.padEnd(8)}  ${name}`);
  return over;
}

let over = false;
for (const { name, file, budget } of binaries) {
  const path = join(root, "build", file);
  if (!existsSync(path)) {
    console.error(`No build/${file}: run \`npm run build\` first.`);
    process.exit(1);
  }
  over = report(name, gzipKiB(readFileSync(path)), budget) || over;
}
for (const app of apps) over = report(app.name, await bundleApp(app), app.budget) || over;
process.exit(over ? 1 : 0);
