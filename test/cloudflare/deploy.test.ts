// `wrangler deploy --dry-run` packs the built Worker offline, within what Cloudflare takes.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "edgegrad-deploy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (...args: string[]) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_LOG_PATH: folder,
      // vitest's own settings do not concern the child.
      NODE_OPTIONS: "",
    },
  });

test("packs the Worker and its WASM without a warning", () => {
  const built = node("scripts/build.mjs");
  expect(built.status, built.stderr).toBe(0);
  const wrangler = join("node_modules", "wrangler", "bin", "wrangler.js");
  const packed = node(wrangler, "deploy", "--dry-run", "--outdir", folder);
  expect(packed.status, packed.stdout + packed.stderr).toBe(0);
  expect(packed.stdout + packed.stderr).not.toMatch(/warning|▲/i);

  const files = readdirSync(folder).filter((name) => /\.(js|wasm)$/.test(name));
  expect(files.filter((name) => name.endsWith("core.full.wasm"))).toHaveLength(1);
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);
  // The project's own limit; the smallest plan takes 3 MB.
  expect(bytes).toBeLessThan(200e3);
});
