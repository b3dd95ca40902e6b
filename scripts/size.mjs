// Measures what a user downloads and holds it to its budget.
//
// Place: `npm run size`, a part of `npm run check`; reads the built package. `target` is what the project promises;
// `ceiling` is what this release weighs, rounded up: growing past it fails. A target that is missed is printed with
// the figure until it is met (docs/decisions/0011-size.md).
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
    name: "train a digit classifier (JS + WASM, edgegrad/train)",
    target: 40,
    ceiling: 40,
    code: `import { loadCore, sequential, dense, softmaxCrossEntropy, adam } from "edgegrad/train";
      const model = sequential([784], [dense(128, { activation: "relu" }), dense(10)]);
      const core = await loadCore();
      globalThis.trainer = core.trainer(model, { loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-3 }), batchSize: 64, seed: 1 });`,
  },
  {
    name: "train LeNet (JS + WASM, edgegrad/train)",
    target: 60,
    ceiling: 58.5,
    code: `import { loadCore, sequential, conv2d, maxPool2d, flatten, dense, softmaxCrossEntropy, adam } from "edgegrad/train";
      const model = sequential([28, 28, 1], [conv2d(6, 5, { activation: "relu" }), maxPool2d(2), conv2d(16, 5, { activation: "relu" }),
        maxPool2d(2), flatten(), dense(120, { activation: "relu" }), dense(84, { activation: "relu" }), dense(10)]);
      const core = await loadCore();
      globalThis.trainer = core.trainer(model, { loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-3 }), batchSize: 64, seed: 1 });`,
  },
  {
    name: "edgegrad with all layers, and the reading of files",
    code: `import { loadCore, sequential, dense, softmaxCrossEntropy, adam } from "edgegrad";
      const core = await loadCore();
      globalThis.trainer = core.trainer(sequential([784], [dense(10)]), { loss: softmaxCrossEntropy(), optimizer: adam() });`,
  },
  {
    name: "predict only (edgegrad/predict)",
    target: 25,
    ceiling: 25,
    code: `import { loadCore } from "edgegrad/predict";
      globalThis.predictor = (await loadCore()).predictor(globalThis.modelBytes);`,
  },
];

const binaries = [
  { name: "the WASM alone", file: "core.simd.wasm", target: 18, ceiling: 12 },
  { name: "the image kernels beside it", file: "kernels.image.wasm", target: 14 },
  { name: "the general kernels beside it", file: "kernels.general.wasm" },
  { name: "the normalization kernels beside it", file: "kernels.normalize.wasm" },
  { name: "the sequence kernels beside it", file: "kernels.sequence.wasm" },
  { name: "the kernels of small networks beside it", file: "kernels.small.wasm" },
  { name: "the products that skip zeros beside it", file: "kernels.sparse.wasm" },
  { name: "the core of prediction alone", file: "core.predict.wasm", ceiling: 9 },
  { name: "the relaxed WASM (only with fast: true)", file: "core.relaxed.wasm" },
];

const gzipKiB = (bytes) => gzipSync(bytes, { level: 9 }).length / 1024;

const bundleApp = async (app) => gzipKiB(await bundleText(app, true));

/** All of an app that loads at start. */
async function bundleText({ code }, minify) {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    stdin: { contents: code, resolveDir: root, sourcefile: "app.js" },
    outdir: "out",
    bundle: true,
    minify,
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
  return Buffer.concat(text);
}

/** Names of the public factories of a few folders of src/. */
function factoriesOf(...folders) {
  const api = readFileSync(join(root, "src", "api.ts"), "utf8");
  const blocks = [...api.matchAll(/export \{([^}]*)\} from "\.\/(\w+)\//g)];
  return blocks
    .filter(([, , folder]) => folders.includes(folder))
    .flatMap(([, names]) => names.split(","))
    .map((name) => name.trim())
    .filter((name) => /^[a-z]\w*$/.test(name));
}

/** Which factories' code an app carries: by their names in its bundle before these are shortened. */
async function carried(app, names) {
  const text = await bundleText(app, false);
  return names.filter((name) => new RegExp(`(function|var|const|let) ${name}\\b`).test(text));
}

/** Prints a row; true if it grew past its ceiling. */
function report({ name, target, ceiling }, kiB) {
  const over = target !== undefined && kiB > target ? `  ${(kiB - target).toFixed(1)} KB OVER TARGET` : "";
  const grown = ceiling !== undefined && kiB > ceiling ? `, GREW past ${ceiling}` : "";
  const limit = target === undefined ? "" : ` of ${target}`;
  console.log(`${kiB.toFixed(1).padStart(6)} KB${limit.padEnd(8)}  ${name}${over}${grown}`);
  return grown !== "";
}

let grown = false;
for (const binary of binaries) {
  const path = join(root, "build", binary.file);
  if (!existsSync(path)) {
    console.error(`No build/${binary.file}: run \`npm run build\` first.`);
    process.exit(1);
  }
  grown = report(binary, gzipKiB(readFileSync(path))) || grown;
}
for (const app of apps) grown = report(app, await bundleApp(app)) || grown;

// The first app names one loss and one optimizer, no schedule and no metric: it carries no other's code.
const factories = factoriesOf("losses", "optimizers", "schedules", "metrics");
const own = ["adam", "softmaxCrossEntropy"];
const found = await carried(apps[0], factories);
const extra = found.filter((name) => !own.includes(name));
console.log(
  `${factories.length} losses, optimizers, schedules and metrics: the first bundle carries ${found.join(", ") || "none"}` +
    (extra.length > 0 ? `, NOT ASKED FOR: ${extra.join(", ")}` : ""),
);
const broken = extra.length > 0 || own.some((name) => !found.includes(name));
process.exit(grown || broken ? 1 : 0);
