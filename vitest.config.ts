// The three vitest projects: node (every test), workers and browser (the shared suite; workers the Worker too).
//
// Place: `npm test` through scripts/test.mjs, which builds first and puts a working browser in CHROME_PATH.
// Invariant: the shared suite imports "edgegrad" by name, so each project loads the package through the
// export condition that a user of that host gets: `default` in Node and browsers, `workerd` in workerd.

import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

import { chromiumArguments, chromiumEnvironment } from "./scripts/browser.mjs";

const sharedSuite = ["test/runtimes/*.test.ts"];
// The built Worker imports a .wasm module, which only workerd can.
const workerTests = ["test/cloudflare/worker.test.ts", "test/cloudflare/copies.test.ts"];
const chromePath = process.env.CHROME_PATH;
const chromeEnvironment = chromePath === undefined ? undefined : chromiumEnvironment(chromePath);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...workerTests],
          environment: "node",
          testTimeout: 60_000,
          // One process per core: the machine that checks this has two.
          pool: "forks",
          execArgv: ["--expose-gc"],
          // The built package is loaded by Node itself, not through Vite's transform.
          server: { deps: { external: [/\/build\/[^/]+\.js$/] } },
        },
      },
      {
        plugins: [
          cloudflareTest({
            miniflare: {
              compatibilityDate: "2026-10-01",
              compatibilityFlags: ["nodejs_compat"],
              kvNamespaces: ["EDGEGRAD_KV"],
              r2Buckets: ["EDGEGRAD_R2"],
              // A module, as wrangler would give it, not an instance as Vite would.
              modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
            },
          }),
        ],
        test: { name: "workers", include: [...sharedSuite, ...workerTests], testTimeout: 60_000 },
      },
      {
        test: {
          name: "browser",
          include: sharedSuite,
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: chromiumArguments,
                ...(chromePath !== undefined && { executablePath: chromePath }),
                ...(chromeEnvironment !== undefined && { env: chromeEnvironment }),
              },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
