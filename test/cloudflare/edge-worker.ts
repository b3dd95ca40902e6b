// The Worker as the edge tests run it: its objects can be told to abort, now or in the middle of slices.
//
// Place: bundled by workerd.ts. Invariant: everything else is the Worker as it is deployed.

import type { Env, ObjectContext } from "../../src/cloudflare/object-platform.ts";
import {
  createRouter,
  ModelIndex,
  TrainerObject as Plain,
  type RouterContext,
} from "../../src/cloudflare/worker.ts";

export { ModelIndex };

type AbortingContext = ObjectContext & { abort(reason?: string): never };

/** Of this process: how the next slice dies, at one of its steps or just before its commit. */
let death: "abort" | "hang" | undefined;
/** Slices have so many steps at most, at random; 0 for as many as their budget allows. */
let cut = 0;

const LINE = "a slice dies now";

export class TrainerObject extends Plain {
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.has("test-abort")) (this.ctx as AbortingContext).abort("told to");
    return super.fetch(request);
  }

  protected override get sliceHooks() {
    if (cut === 0 && death === undefined) return undefined;
    let last = 0;
    return {
      steps: (most: number) => {
        const steps = cut === 0 ? most : 1 + Math.floor(Math.random() * Math.min(most, cut));
        last = Math.floor(Math.random() * (steps + 1));
        return steps;
      },
      at: (done: number) => {
        if (death === undefined || done < last) return;
        const how = death;
        death = undefined;
        console.log(LINE);
        if (how === "abort") (this.ctx as AbortingContext).abort("died in a slice");
        // Until SIGKILL.
        for (;;);
      },
    };
  }
}

const router = createRouter();

export default {
  async fetch(request: Request, env: Env, ctx: RouterContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    const abort = /^\/test\/abort\/(.+)$/.exec(pathname)?.[1];
    if (abort !== undefined) {
      const stub = env.TRAINER.get(env.TRAINER.idFromName(abort));
      await stub.fetch(new Request("http://object/", { headers: { "test-abort": "1" } })).catch(() => {});
      return new Response("aborted");
    }
    const dying = /^\/test\/die\/(abort|hang)$/.exec(pathname)?.[1];
    if (dying !== undefined) {
      death = dying as typeof death;
      return new Response("set");
    }
    if (pathname === "/test/freeze") {
      const now = Date.now();
      Date.now = () => now;
      performance.now = () => 0;
      return new Response("set");
    }
    const steps = /^\/test\/cut\/(\d+)$/.exec(pathname)?.[1];
    if (steps !== undefined) {
      cut = Number(steps);
      return new Response("set");
    }
    return router.fetch(request, env, ctx);
  },
};
