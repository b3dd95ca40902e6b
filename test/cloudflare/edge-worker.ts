// The Worker as the edge tests run it: its objects can be told to abort, now or in the middle of slices.
//
// Place: bundled by workerd.ts. Invariant: everything else is the Worker as it is deployed.

import type { Env, ObjectContext } from "../../src/cloudflare/object-platform.ts";
import { createRouter, ModelIndex, TrainerObject as Plain } from "../../src/cloudflare/worker.ts";

export { ModelIndex };

type AbortingContext = ObjectContext & { abort(reason?: string): never };

/** Of this process: how many of the coming slices die between their work and their commit. */
let deaths = 0;

export class TrainerObject extends Plain {
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.has("test-abort")) (this.ctx as AbortingContext).abort("told to");
    return super.fetch(request);
  }

  protected override beforeCommit(): void {
    if (deaths <= 0) return;
    deaths--;
    (this.ctx as AbortingContext).abort("died in a slice");
  }
}

const router = createRouter();

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    const abort = /^\/test\/abort\/(.+)$/.exec(pathname)?.[1];
    if (abort !== undefined) {
      const stub = env.TRAINER.get(env.TRAINER.idFromName(abort));
      await stub.fetch(new Request("http://object/", { headers: { "test-abort": "1" } })).catch(() => {});
      return new Response("aborted");
    }
    const dying = /^\/test\/deaths\/(\d+)$/.exec(pathname)?.[1];
    if (dying !== undefined) {
      deaths = Number(dying);
      return new Response("set");
    }
    return router.fetch(request, env);
  },
};
