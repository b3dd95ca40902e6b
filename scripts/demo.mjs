// Builds what the demo needs and runs it: the command line's `demo`, with the arguments given.
//
// Place: behind `npm run demo`. Invariant: paths are meant relative to where the user called npm from.
//
//     npm run demo [-- --data DIR --epochs N …]

import { spawn, spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const from = process.env.INIT_CWD ?? process.cwd();
const paths = ["--data", "--out"];

const given = process.argv.slice(2).flatMap((arg) => {
  const at = arg.indexOf("=");
  return at > 0 && paths.includes(arg.slice(0, at)) ? [arg.slice(0, at), arg.slice(at + 1)] : [arg];
});
const args = given.map((arg, i) => (paths.includes(given[i - 1]) ? resolve(from, arg) : arg));

const { status } = spawnSync(process.execPath, ["scripts/build.mjs", "--only", "core,js"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

const child = spawn(process.execPath, [join(root, "build", "cli.js"), "demo", ...args], {
  cwd: root,
  stdio: "inherit",
});
// A terminal's Ctrl-C reaches the child too, which saves a checkpoint; this process waits for it to end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => process.exit(code ?? 1));
