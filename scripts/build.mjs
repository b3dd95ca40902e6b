// Builds everything under build/: the WASM core, its embedded form, the JS entries, the types.
//
// Place: before tests, checks, benchmarks and publishing. Steps run in the order of the data they pass on.
// Invariant: a step is skipped only if the content of all its inputs is what it was built from, so
// `npm run build` is always right and cheap when nothing changed (`--force` rebuilds).
//
//     node scripts/build.mjs [--force] [--only core,js,types]

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateAsync } from "@gfx/zopfli";
import { compile } from "./asc.mjs";
import { buildEntries } from "./bundle.mjs";
import { presetMemory } from "./preset-memory.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const build = join(root, "build");
const generated = join(build, "generated");
const stampFile = join(build, ".stamps.json");
const lockFolder = join(build, ".lock");

/** All files under the given files and folders, sorted, except those of other build systems. */
function filesUnder(...paths) {
  const found = [];
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) continue;
    if (!statSync(full).isDirectory()) found.push(full);
    else {
      for (const name of readdirSync(full).sort()) {
        if (name !== "node_modules" && !name.startsWith(".")) found.push(...filesUnder(join(path, name)));
      }
    }
  }
  return found;
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

// The files of src/ that the core compiles too: op numbers and record fields.
const abiFiles = () =>
  filesUnder("src").filter((file) => /^abi\b.*\.ts$/.test(relative(join(root, "src"), file)));

// `node_modules/.bin` is not on the PATH outside npm scripts: tools are started through their own entry files.
function tool(file, args) {
  const result = spawnSync(process.execPath, [join(root, file), ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (result.status !== 0) throw new Error(`${file} failed`);
}

// The core, its variants, and the packs of kernels beside it (see src/packs). Places of a pack in memory and in the
// function table must not overlap: the core takes what lies below 8192 and 256; src/abi.ts has the ends.
const modules = {
  "core.simd": { entry: "index", options: ["--exportTable"], preset: true },
  "core.full": { entry: "full", options: ["--exportTable"], preset: true },
  "core.relaxed": { entry: "full", options: ["--exportTable", "--enable", "simd,relaxed-simd"] },
  "core.predict": { entry: "predict", options: ["--exportTable"], preset: true },
  "core.debug": { entry: "full", options: ["--exportTable", "--debug"], checked: true },
  "kernels.image": {
    entry: "image",
    options: ["--importTable", "--tableBase", "256", "--memoryBase", "8192", "--use", "PACK=1"],
  },
  "kernels.augment": {
    entry: "augment",
    options: ["--importTable", "--tableBase", "384", "--memoryBase", "16384", "--use", "PACK=1"],
  },
  "kernels.general": {
    entry: "general",
    options: ["--importTable", "--tableBase", "416", "--memoryBase", "12288", "--use", "PACK=1"],
  },
  "kernels.normalize": {
    entry: "normalize",
    options: ["--importTable", "--tableBase", "512", "--memoryBase", "18432", "--use", "PACK=1"],
  },
  "kernels.small": {
    entry: "small",
    options: ["--importTable", "--tableBase", "520", "--memoryBase", "19968", "--use", "PACK=1"],
  },
  "kernels.sparse": {
    entry: "sparse",
    options: ["--importTable", "--tableBase", "544", "--memoryBase", "20224", "--use", "PACK=1"],
  },
  "kernels.sequence": {
    entry: "sequence",
    options: ["--importTable", "--tableBase", "496", "--memoryBase", "15360", "--use", "PACK=1"],
  },
};

async function buildModule(name) {
  const { entry, options, checked, preset } = modules[name];
  const { error, stderr } = await compile([
    `assembly/${entry}.ts`,
    ...["--config", "asconfig.json", "--outFile", `build/${name}.wasm`],
    // Memory is new where a core is instantiated, and nothing is written to the place of a pack before it. Locals in the
    // order of their use compress better.
    ...(checked ? [] : ["--noAssert", "--zeroFilledMemory", "--runPasses", "reorder-locals"]),
    ...options,
  ]);
  process.stderr.write(stderr.toString());
  if (error) throw new Error(`${name} does not compile`);
  const path = join(build, `${name}.wasm`);
  if (preset) writeFileSync(path, presetMemory(readFileSync(path)));
}

// What the JS carries. Deflated: plain base64 of WASM gzips to 1.5 times the binary's own gzip, base64 of deflated WASM to 1.0.
// `plain` ones are opened sooner, where that counts more than the size: the core in Node, which would load node:zlib (2 ms of a
// first step), and two packs of a kilobyte that are asked for in the middle of a first step or prediction.
const embedded = [
  { module: "core.simd" },
  { module: "core.simd", name: "core-simd-plain", plain: true },
  { module: "core.relaxed" },
  { module: "core.predict" },
  { module: "kernels.image" },
  { module: "kernels.augment" },
  { module: "kernels.general" },
  { module: "kernels.normalize" },
  { module: "kernels.sequence" },
  { module: "kernels.small", plain: true },
  { module: "kernels.sparse", plain: true },
].map((entry) => ({ name: entry.module.replace(".", "-"), plain: false, ...entry }));

// Zopfli writes the same format 5 % smaller than zlib's level 9.
async function embed({ module, name, plain }) {
  const binary = readFileSync(join(build, `${module}.wasm`));
  const bytes = plain ? binary : await deflateAsync(binary, { numiterations: 200 });
  const text = Buffer.from(bytes).toString("base64");
  const constant = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  mkdirSync(generated, { recursive: true });
  writeFileSync(join(generated, `${name}.js`), `export const ${constant} =\n  "${text}";\n`);
}

// tsc keeps `.ts` in the import paths of declarations; consumers need the `.js` that stands for `.d.ts`.
function buildTypes() {
  rmSync(join(build, "types"), { recursive: true, force: true });
  tool("node_modules/typescript/bin/tsc", ["-p", "tsconfig.types.json"]);
  for (const file of filesUnder("build/types")) {
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/(from\s+"|import\(")(\.[^"]*)\.ts"/g, '$1$2.js"'));
  }
}

const steps = [
  ...Object.keys(modules).map((name) => ({
    name,
    group: "core",
    inputs: () => [
      ...filesUnder("assembly", "asconfig.json"),
      ...["build", "asc", "unroll", "preset-memory"].flatMap((name) => filesUnder(`scripts/${name}.mjs`)),
      ...abiFiles(),
    ],
    outputs: [`${name}.wasm`],
    run: () => buildModule(name),
  })),
  ...embedded.map((entry) => ({
    name: `embed ${entry.name}`,
    group: "core",
    inputs: () => filesUnder(`build/${entry.module}.wasm`, "scripts/build.mjs"),
    outputs: [`generated/${entry.name}.js`],
    run: () => embed(entry),
  })),
  {
    name: "js",
    group: "js",
    inputs: () => filesUnder("src", "build/generated", "scripts/bundle.mjs", "package.json"),
    outputs: ["default.js"],
    run: () => buildEntries(root),
  },
  {
    name: "types",
    group: "types",
    inputs: () => filesUnder("src", "tsconfig.json", "tsconfig.types.json"),
    outputs: ["types/platform/default.d.ts"],
    run: buildTypes,
  },
];

// Two builds at once (an editor's and a test's) would read each other's half-written files.
async function withLock(action) {
  const started = Date.now();
  for (;;) {
    try {
      mkdirSync(lockFolder);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const owner = join(lockFolder, "pid");
      const pid = existsSync(owner) ? Number(readFileSync(owner, "utf8")) : 0;
      if ((pid > 0 && !isRunning(pid)) || (pid === 0 && Date.now() - started > 5000)) {
        rmSync(lockFolder, { recursive: true, force: true });
      } else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  writeFileSync(join(lockFolder, "pid"), String(process.pid));
  try {
    return await action();
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function runSteps({ force, only }) {
  const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};
  for (const step of steps) {
    if (only !== undefined && !only.includes(step.group)) continue;
    const stamp = hashOf(step.inputs());
    const complete = step.outputs.every((output) => existsSync(join(build, output)));
    if (!force && complete && stamps[step.name] === stamp) continue;
    delete stamps[step.name];
    const started = performance.now();
    await step.run();
    stamps[step.name] = stamp;
    writeFileSync(stampFile, `${JSON.stringify(stamps, null, 2)}\n`);
    console.error(`built ${step.name} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

const args = process.argv.slice(2);
const only = args.includes("--only") ? args[args.indexOf("--only") + 1]?.split(",") : undefined;
mkdirSync(build, { recursive: true });
try {
  await withLock(() => runSteps({ force: args.includes("--force"), only }));
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
