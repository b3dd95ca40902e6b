// The Worker of `edgegrad demo`: one model in the memory of one isolate, open to whoever reaches it.
//
// Place: bundled as build/demo-worker.js; started by src/cli/serve.ts on the loopback address alone, never deployed.
// Invariant: it needs no binding, no secret and no storage.

import { loadCore } from "../../platform/workerd.ts";
import { MAX_PLAN_BYTES } from "./limits.ts";
import { createRoutes } from "./routes.ts";

/** What a module Worker exports. */
export interface ModuleWorker {
  fetch(request: Request): Response | Promise<Response>;
}

const routes = createRoutes(() => loadCore({ maxBytes: MAX_PLAN_BYTES }));

const worker: ModuleWorker = { fetch: (request) => routes.fetch(request) };

export default worker;
