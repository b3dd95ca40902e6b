// Runs a TypeScript program of this repository: bundles it with esbuild, then starts it under this Node.
//
// Place: `npm run golden`, `bench`, `roofline`. Node's own type stripping is not enough: src/abi.ts has
// enums, which are not erasable.
// Invariant: packages and the library's own name stay imports, so a program that says "edgegrad" gets the
// built package, and one that imports ../src gets the sources. The working directory is the root.
//
//     node scripts/run.mjs <entry.ts> [arguments…]

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Bundles `entry` into build/programs/ and gives the path of the program. */
export async function bundleProgram(entry) {
  const outfile = join(root, "build", "programs", entry.replace(/\.ts$/, "").replace(/[\\/]/g, "-")).concat(
    ".mjs",
  );
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    packages: "external",
    // tsconfig's `paths` are for the type checker; here "edgegrad" means the package.
    tsconfigRaw: {},
    logLevel: "warning",
  });
  return outfile;
}

async function main() {
  const [entry, ...args] = process.argv.slice(2);
  if (entry === undefined || !existsSync(join(root, entry))) {
    console.error(
      entry === undefined ? "Usage: node scripts/run.mjs <entry.ts> [arguments…]" : `No ${entry}`,
    );
    process.exit(2);
  }
  const program = await bundleProgram(entry);
  const result = spawnSync(process.execPath, ["--enable-source-maps", "--expose-gc", program, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  process.exit(result.status ?? 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
