// A Worker that does nothing, and one whose object does nothing: what latency, cold start and memory are measured over.
//
// Place: bundled by workerd.ts. Invariant: reads the body, as every handler that predicts must, and answers in JSON.

import type { Env } from "../../src/cloudflare/object-platform.ts";

async function answer(request: Request): Promise<Response> {
  await request.arrayBuffer();
  return Response.json({ ok: true });
}

export class TrainerObject {
  fetch(request: Request): Promise<Response> {
    return answer(request);
  }
}
export class ModelIndex {}

let id: unknown;

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    if (!request.url.endsWith("/object")) return answer(request);
    // The hop alone: what any answer of an object costs.
    id ??= env.TRAINER.idFromName("empty");
    return env.TRAINER.get(id).fetch(request);
  },
};
