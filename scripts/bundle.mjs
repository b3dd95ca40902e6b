// Bundles the published JS entries and the command line with esbuild.
//
// Place: the "js" step of scripts/build.mjs, after the core was compiled and embedded.
// Invariant: all output lies flat in build/, so that `./core.simd.wasm` of the workerd entries resolves
// from whatever chunk the import lands in; and nothing in the output imports a package.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import * as esbuild from "esbuild";
import ts from "typescript";

// Names of the output files, as package.json exports them.
const libraryEntries = {
  default: "src/platform/default.ts",
  node: "src/platform/node.ts",
  workerd: "src/platform/workerd.ts",
  train: "src/platform/train.ts",
  "train-node": "src/platform/train-node.ts",
  "train-workerd": "src/platform/train-workerd.ts",
  predict: "src/platform/predict.ts",
  "predict-workerd": "src/platform/predict-workerd.ts",
  data: "src/data/index.ts",
  cloudflare: "src/cloudflare/worker.ts",
  "demo-worker": "src/cloudflare/demo/worker.ts",
  client: "src/client/index.ts",
};

// Node 20 is the oldest runtime supported; it has no `using`. Nothing is minified: that drops the /* @__PURE__ */
// marks by which a consumer's bundler leaves unused code out, and costs an app about 1 KB gzip.
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
  logLevel: "warning",
};

// `import "./core.simd.wasm"` is for the consumer's bundler (wrangler) to resolve, next to the chunk.
const keepWasm = {
  name: "keep-wasm",
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, (args) => ({ path: `./${basename(args.path)}`, external: true }));
  },
};

/** Builds every entry that package.json promises; an entry without a source file is an error. */
export async function buildEntries(root) {
  const sources = [...Object.values(libraryEntries), "src/cli/main.ts"];
  const missing = sources.filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) throw new Error(`no source for the entries ${missing.join(", ")}`);

  const library = await esbuild.build({
    ...common,
    absWorkingDir: root,
    entryPoints: libraryEntries,
    outdir: "build",
    splitting: true,
    chunkNames: "[name]-[hash]",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    external: ["cloudflare:*", "node:*"],
    plugins: [keepWasm],
  });
  const cli = await esbuild.build({
    ...common,
    absWorkingDir: root,
    entryPoints: { cli: "src/cli/main.ts" },
    outdir: "build",
    platform: "node",
    plugins: [keepWasm],
    // CommonJS dependencies of the command line call `require` for Node's own modules.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
    },
  });

  const chunks = library.outputFiles.map(({ path, text }) => ({ path, text: markPure(text) }));
  const outputs = withoutBareImports([...chunks, ...cli.outputFiles]);
  const names = new Set(outputs.map((file) => basename(file.path)));
  for (const name of readdirSync(join(root, "build"))) {
    if (name.endsWith(".js") && !names.has(name)) rmSync(join(root, "build", name));
  }
  for (const file of outputs)
    writeFileSync(file.path, file.contents, { mode: file.path.endsWith("cli.js") ? 0o755 : 0o644 });
  writeNotices(root, [library.metafile, cli.metafile]);
}

/**
 * Splitting leaves `import "./chunk-X.js"` for the order of side effects. The library has none ("sideEffects" is
 * false), and every consumer's esbuild would warn. Chunks that nothing names any more are left out.
 */
function withoutBareImports(files) {
  const cleaned = files.map(({ path, text }) => ({
    path,
    contents: text.replace(/import ?"\.\/chunk-[A-Z0-9]+\.js";\n?/g, ""),
  }));
  return cleaned.filter(({ path }) => {
    const name = basename(path);
    return !name.startsWith("chunk-") || cleaned.some(({ contents }) => contents.includes(`"./${name}"`));
  });
}

/**
 * Marks what a module computes when it is loaded as pure, which the package's "sideEffects": false promises. A bundler
 * reads that promise per file, and our chunks hold many modules: without the marks, an app that names one layer would
 * carry every constant of the library that some call or spread makes.
 */
function markPure(text) {
  const source = ts.createSourceFile("chunk.js", text, ts.ScriptTarget.ESNext, false, ts.ScriptKind.JS);
  const computes = (node) => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isSpreadElement(node)) return true;
    if (ts.isSpreadAssignment(node) || ts.isPropertyAccessExpression(node)) return true;
    return ts.forEachChild(node, (child) => computes(child) || undefined) === true;
  };
  const parts = [];
  let at = 0;
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { initializer } of statement.declarationList.declarations) {
      if (initializer === undefined || !computes(initializer)) continue;
      if (text.slice(initializer.pos, initializer.end).trimStart().startsWith("/* @__PURE__ */")) continue;
      const start = initializer.getStart(source);
      const value = text.slice(start, initializer.end);
      parts.push(text.slice(at, start), `/* @__PURE__ */ (() => (${value}))()`);
      at = initializer.end;
    }
  }
  return parts.join("") + text.slice(at);
}

// The licences of what is inlined ask for their text to travel along.
function writeNotices(root, metafiles) {
  const inlined = new Set();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const path of Object.keys(inputs)) {
        const match = path.match(/^.*node_modules\/((?:@[^/]+\/)?[^/]+)/);
        if (match) inlined.add(match[0]);
      }
    }
  }
  const notices = [...inlined].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : readFileSync(join(root, folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const head = "The files of this folder contain code of these packages.\n\n";
  writeFileSync(join(root, "build", "THIRD-PARTY-NOTICES.txt"), head + notices.join("\n---\n\n"));
}
