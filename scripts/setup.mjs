// Makes a fresh clone ready, then runs one npm script under the toolchain's Node.
//
// Place: the entry of `npm run demo`, `npm test` and `npm run dev`. It runs on any Node >= 20 without
// node_modules, so it imports nothing but Node's own modules.
// Invariant: after it, node_modules agrees with package-lock.json, and the chosen script sees the `node`
// of node_modules/.bin first on its PATH.
//
//     node scripts/setup.mjs <npm script> [arguments…]

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Whether every package of the lock file that this platform must have is installed in its version. */
export function isInstalled(folder = root) {
  const hidden = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(hidden) || !existsSync(join(folder, "node_modules", ".bin"))) return false;
  const wanted = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(hidden, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" || entry.optional || entry.devOptional || present[path]?.version === entry.version,
  );
}

// The Node that npm itself runs on: the system's, also when this script already runs on the toolchain's.
const systemNode = process.env.EDGEGRAD_SYSTEM_NODE ?? process.env.npm_node_execpath ?? process.execPath;

function npm(args) {
  const cli = process.env.npm_execpath;
  const env = { ...process.env, EDGEGRAD_SYSTEM_NODE: systemNode };
  const options = { cwd: root, stdio: "inherit", env };
  const viaNode = cli !== undefined && /\.c?js$/.test(cli);
  const result = viaNode
    ? spawnSync(systemNode, [cli, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (result.error) {
    console.error(`Could not start npm: ${result.error.message}. Install Node 20 or later with npm.`);
    process.exit(1);
  }
  return result.status ?? 1;
}

function main() {
  const [script, ...args] = process.argv.slice(2);
  if (script === undefined) {
    console.error("Usage: node scripts/setup.mjs <npm script> [arguments…]");
    process.exit(2);
  }
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    console.error(`edgegrad needs Node 20 or later; this is ${process.version}.`);
    process.exit(1);
  }
  if (!isInstalled()) {
    console.error("Installing the toolchain (npm ci): once, about a minute…");
    const status = npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    if (status !== 0) {
      console.error("npm ci failed: see above. The toolchain comes from the npm registry.");
      process.exit(status);
    }
  }
  // No signal handling here: a terminal's Ctrl-C reaches the child by itself, and the child answers it.
  process.on("SIGINT", () => {});
  process.exit(npm(["run", "--silent", script, ...(args.length > 0 ? ["--", ...args] : [])]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
