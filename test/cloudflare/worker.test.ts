// The built package inside workerd: a Durable Object of `edgegrad/cloudflare` learns as the library in the same isolate does.
//
// Runs in the vitest project "workers" alone; edge.test.ts asks a workerd of its own over HTTP.

import { loadCore } from "edgegrad";
import worker, { createRouter, ModelIndex, TrainerObject } from "edgegrad/cloudflare";
import { expect, test } from "vitest";

test("the entry gives what a Worker mounts, closed without tokens", async () => {
  expect([typeof TrainerObject, typeof ModelIndex]).toEqual(["function", "function"]);
  const env = {} as never;
  expect((await worker.fetch(new Request("http://worker/health"), env)).status).toBe(200);
  const mounted = createRouter({ basePath: "/ml" });
  expect((await mounted.fetch(new Request("http://worker/ml/health"), env)).status).toBe(200);
  expect((await mounted.fetch(new Request("http://worker/health"), env)).status).toBe(404);
  const refused = await worker.fetch(new Request("http://worker/models"), env);
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([401, "auth/missing"]);
  expect(await loadCore()).toBeDefined();
});
