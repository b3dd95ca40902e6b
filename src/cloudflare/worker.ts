// The entry `edgegrad/cloudflare`: a Worker that learns, and the parts to mount in one's own.
//
// Place: `main` of wrangler.toml. Invariant: nothing but Durable Objects holds state; the router can run anywhere, many
// times over.

import { createRouter } from "./router.ts";

export { ModelIndex } from "./model-index.ts";
export type { Env } from "./object-platform.ts";
export { createRouter, type Router, type RouterContext, type RouterOptions } from "./router.ts";
export { TrainerObject } from "./trainer-object.ts";

export default createRouter();
