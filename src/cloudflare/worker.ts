// The entry `edgegrad/cloudflare`: a Worker that predicts with a model and trains it, a step or a few per request.
//
// Place: `main` of wrangler.toml, run by `npm run dev`. Invariant: the model lives in the memory of one isolate; it is
// gone when the isolate is, so `GET /checkpoint` is how a client keeps it.

import { loadCore } from "../platform/workerd.ts";
import { MAX_PLAN_BYTES } from "./limits.ts";
import { createRoutes } from "./routes.ts";

/** What a module Worker exports. */
export interface ModuleWorker {
  fetch(request: Request): Response | Promise<Response>;
}

const routes = createRoutes(() => loadCore({ maxBytes: MAX_PLAN_BYTES }));

const worker: ModuleWorker = { fetch: (request) => routes.fetch(request) };

export default worker;
