// Enforces the layout of the design: import ranks, no cycles, short files, no runtime dependency.
//
// Place: part of `npm run check`. It reads imports from the text of src/ with TypeScript's own scanner.
// Invariant: a file may import its own rank and lower ones, and neither files nor stages form cycles. A new
// folder of src/ must be given a rank here before anything in it compiles into the package.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
// "About 300": a file that needs a few lines more is not split for them. Tables are read by looking up.
const maxLines = 330;
const tables = ["src/abi.ts", "src/data/digit-strokes.ts"];

// Low to high. A name is a folder of src/ or a file without its ending.
const ranks: readonly (readonly string[])[] = [
  ["abi", "errors", "shape"],
  ["packs"],
  ["graph"],
  ["ops"],
  ["autodiff", "initializers", "layers", "losses", "optimizers", "schedules", "metrics"],
  ["model"],
  ["models"],
  ["passes"],
  ["plan"],
  ["tape"],
  ["compile"],
  ["io", "core", "data", "client"],
  ["train"],
  ["session"],
  ["page"],
  ["diagnose", "explain", "report"],
  ["api"],
  ["platform"],
  ["cloudflare", "cli"],
];

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sourceFiles(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

/** Stage of a file of src/: its folder, or its name (abi-gemm.ts belongs to abi). */
function stageOf(file: string): string {
  const [first = "", ...rest] = file.replace(/^src\//, "").split("/");
  return rest.length > 0 ? first : first.replace(/\.ts$/, "").replace(/^abi-.*$/, "abi");
}

function rankOf(file: string): number {
  return ranks.findIndex((names) => names.includes(stageOf(file)));
}

/** Specifiers of all imports and re-exports, types included: a type pulls its stage into the reader's mind. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

function isLocal(specifier: string): boolean {
  return specifier.startsWith(".");
}

/** Imported files of the repository's src/, as paths from the root; build output and WASM are leaves. */
function localImportsOf(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => isLocal(specifier) && specifier.endsWith(".ts"))
    .map((specifier) =>
      relative(root, resolve(root, dirname(file), specifier))
        .split(sep)
        .join("/"),
    );
}

const sources = sourceFiles("src");

describe("import ranks", () => {
  test("every file of src/ has a rank", () => {
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((file) => rankOf(file) < 0)).toEqual([]);
  });

  test("nothing imports upward", () => {
    const wrong = sources.flatMap((file) =>
      localImportsOf(file)
        .filter((target) => !target.startsWith("src/") || rankOf(target) > rankOf(file))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("leaves import nothing but leaves", () => {
    const leaves = sources.filter((file) => rankOf(file) === 0);
    expect(leaves.flatMap((file) => localImportsOf(file)).filter((target) => rankOf(target) > 0)).toEqual([]);
  });
});

/** Every way back to where it started in a graph of imports. */
function cyclesOf(importsOfNode: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    if (state.get(node) === "done") return;
    if (state.get(node) === "open") {
      cycles.push([...trail.slice(trail.indexOf(node)), node].join(" → "));
      return;
    }
    state.set(node, "open");
    for (const target of importsOfNode.get(node) ?? []) visit(target, [...trail, node]);
    state.set(node, "done");
  };
  for (const node of importsOfNode.keys()) visit(node, []);
  return cycles;
}

describe("import cycles", () => {
  test("the search finds a cycle", () => {
    const graph = { a: ["b"], b: ["c"], c: ["b"], d: ["a"] };
    const edges = new Map(Object.entries(graph).map(([node, targets]) => [node, new Set(targets)]));
    expect(cyclesOf(edges)).toEqual(["b → c → b"]);
  });

  test("there is none between files", () => {
    expect(cyclesOf(new Map(sources.map((file) => [file, new Set(localImportsOf(file))])))).toEqual([]);
  });

  test("there is none between stages", () => {
    const edges = new Map<string, Set<string>>();
    for (const file of sources) {
      const stage = stageOf(file);
      const targets = edges.get(stage) ?? new Set();
      edges.set(stage, targets);
      for (const target of localImportsOf(file)) if (stageOf(target) !== stage) targets.add(stageOf(target));
    }
    expect(cyclesOf(edges)).toEqual([]);
  });
});

test("imports inside src/ name the file with its ending", () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => isLocal(specifier) && !/\.(ts|js|json|wasm)$/.test(specifier))
      .map((specifier) => `${file} imports ${specifier}`),
  );
  // abi files are read by asc too, which takes paths with and without the ending.
  expect(wrong.filter((line) => !line.startsWith("src/abi"))).toEqual([]);
});

test("the library imports packages in known places only", () => {
  const allowed: readonly [RegExp, RegExp][] = [
    [/^src\/core\//, /^@assemblyscript\/loader$/],
    // The entry of the export condition `node` alone.
    [/^src\/platform\/node-core\.ts$/, /^node:zlib$/],
    [/^src\/cli\//, /./],
    [/^src\/cloudflare\//, /./],
  ];
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !isLocal(specifier))
      .filter((specifier) => !allowed.some(([where, what]) => where.test(file) && what.test(specifier)))
      .map((specifier) => `${file} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

test("the published package has no dependency", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(manifest.dependencies).toEqual({});
  expect(manifest.peerDependencies).toBeUndefined();
  expect(manifest.optionalDependencies).toBeUndefined();
});

test(`files of src/ and assembly/ have at most ${maxLines} lines, tables excepted`, () => {
  const long = [...sources, ...sourceFiles("assembly")]
    .filter((file) => !tables.includes(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > maxLines);
  expect(long).toEqual([]);
});

test("files are kebab-case and say what they hold", () => {
  const names = [...sources, ...sourceFiles("assembly")];
  expect(names.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(file.split("/").at(-1) ?? ""))).toEqual(
    [],
  );
  expect(names.filter((file) => /(^|\/)(utils?|helpers?|misc|common)(\.ts|\/)/.test(file))).toEqual([]);
});
