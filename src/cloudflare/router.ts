// The stateless half of the Worker: who may ask what, and which object answers.
//
// Place: mounted by users (`export default createRouter()`), in front of TrainerObject and ModelIndex. Invariant: an object
// is reached only by a request whose route is in the table and whose token has the scope, and only by the model's own name.

import { Hono } from "hono";
import { requireScope, TokenTable } from "./auth.ts";
import { readBody } from "./bounded-body.ts";
import { predictFromCopy } from "./cached-predictor.ts";
import { CopyStore } from "./copy-store.ts";
import { logEvent } from "./log.ts";
import type { IndexRow } from "./model-index.ts";
import type { Env, ObjectStub } from "./object-platform.ts";
import { openApi } from "./openapi.ts";
import { RateLimit } from "./rate-limit.ts";
import { errorResponse, RequestError, statusOf } from "./request-error.ts";
import { matchRoute, type Route } from "./route-table.ts";
import { rowTypeOf } from "./rows-body.ts";
import { MAX_JSON_BYTES, readSettings, type Settings } from "./settings.ts";

export interface RouterOptions {
  /** Where the routes are mounted, for example "/ml". Default "". */
  readonly basePath?: string;
}

/** What a module Worker exports. */
export interface Router {
  fetch(request: Request, env: Env, ctx?: Later): Promise<Response>;
}

/** What the runtime gives a Worker beside its environment. */
interface Later {
  waitUntil(work: Promise<unknown>): void;
}

interface Setup {
  readonly settings: Settings;
  readonly tokens: TokenTable;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const PREDICTION = /\/predict(?:\?|$)/;
const MAX_METRICS = 50;
const MAX_STALE = /[?&]maxStale=([^&]*)/;
const MAX_STALE_SECONDS = 3600;

/**
 * The Worker's routes.
 *
 * @example
 * export { ModelIndex, TrainerObject } from "edgegrad/cloudflare";
 * export default createRouter({ basePath: "/ml" });
 */
export function createRouter({ basePath = "" }: RouterOptions = {}): Router {
  const setups = new WeakMap<Env, Setup>();
  const limits = new Map<string, RateLimit>();
  const setupOf = (env: Env): Setup => {
    let setup = setups.get(env);
    if (!setup) {
      setup = { settings: readSettings(env), tokens: TokenTable.read(env.EDGEGRAD_TOKENS) };
      setups.set(env, setup);
    }
    return setup;
  };

  /** Any request, from its first check to its answer. */
  async function handle(raw: Request, env: Env, later: (work: Promise<unknown>) => void): Promise<Response> {
    const { settings, tokens } = setupOf(env);
    // Read once: each is a call into the runtime.
    const { method, url } = raw;
    const { origin, pathname, search } = partsOf(url);
    const asked = settings.corsOrigins.length > 0 ? (raw.headers.get("origin") ?? undefined) : undefined;
    const cors = asked !== undefined && settings.corsOrigins.includes(asked) ? asked : undefined;
    const finish = (response: Response): Response => {
      if (settings.log === "all")
        logEvent("all", "request", { method, path: pathname, status: response.status });
      return cors === undefined || response.status === 101 ? response : withCors(response, cors);
    };
    try {
      if (!pathname.startsWith(basePath)) throw notFound(pathname);
      const path = pathname.slice(basePath.length);
      if (method === "OPTIONS" && cors !== undefined) return finish(new Response(null, { status: 204 }));
      const { route, model, allow } = matchRoute(method, path);
      if (!route) {
        if (allow.length === 0) throw notFound(path);
        return finish(errorResponse(methodError(path, allow), allow.join(", ")));
      }
      if (route.scope !== "open") {
        const grant = tokens.grantOf(raw.headers.get("authorization"));
        requireScope(grant, route.scope, model);
      }
      if (model !== undefined && !NAME.test(model))
        throw new RequestError(
          422,
          "model/name",
          "a model's name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit",
        );
      const request = basePath === "" ? raw : new Request(`${origin}${path}${search}`, raw);
      return finish(await answer(env, settings, route, model, request, search, later));
    } catch (error) {
      if (statusOf(error) === 500) logEvent(settings.log, "error", { path: pathname }, error);
      return finish(errorResponse(error));
    }
  }

  const app = new Hono<{ Bindings: Env }>();
  app.all("*", (c) => handle(c.req.raw, c.env, (work) => c.executionCtx.waitUntil(work)));
  const failed = (error: unknown): Response => {
    logEvent("changes", "error", {}, error);
    return errorResponse(error);
  };
  app.onError(failed);
  return {
    fetch: async (request, env, ctx) => {
      const later = (work: Promise<unknown>) => ctx?.waitUntil(work);
      // Hono's own steps take as long as the network of a small model does.
      if (PREDICTION.test(request.url)) return handle(request, env, later).catch(failed);
      return app.fetch(request, env, ctx && { waitUntil: later, passThroughOnException() {}, props: {} });
    },
  };

  async function answer(
    ...[env, settings, { path, method }, model, request, search, later]: [
      Env,
      Settings,
      Route,
      string | undefined,
      Request,
      string,
      (work: Promise<unknown>) => void,
    ]
  ): Promise<Response> {
    if (path === "/health") return Response.json({ ok: true });
    if (path === "/openapi.json") return Response.json(openApi(basePath));
    if (path === "/models") return Response.json({ models: (await listModels(env)).map(modelEntry) });
    if (path === "/metrics") return metrics(env);
    const stub = () => env.TRAINER.get(env.TRAINER.idFromName(model!));
    if (path === "/models/{name}" && method === "PUT") return create(env, model!, stub, request);
    if (path === "/models/{name}" && method === "DELETE") return remove(env, model!, stub, request);
    const stale = path === "/models/{name}/predict" ? MAX_STALE.exec(search)?.[1] : undefined;
    if (stale !== undefined) {
      limitOf(model!, settings).take(Date.now());
      const maxStale = Number(stale);
      if (!(maxStale >= 0 && maxStale <= MAX_STALE_SECONDS))
        throw new RequestError(
          400,
          "request/query",
          `maxStale must be seconds from 0 to ${MAX_STALE_SECONDS}`,
        );
      const type = rowTypeOf(request.headers.get("content-type"));
      const source = { store: () => new CopyStore(env), stub, later };
      return predictFromCopy(model!, maxStale, source, type, await readBody(request, MAX_JSON_BYTES));
    }
    return askObject(stub, request);
  }

  function limitOf(model: string, { rate }: Settings): RateLimit {
    let limit = limits.get(model);
    if (!limit) {
      // Names that do not exist must not fill the memory.
      if (limits.size > 1000) limits.clear();
      limit = new RateLimit(rate);
      limits.set(model, limit);
    }
    return limit;
  }
}

/** What `new URL` says of an absolute URL as requests have it, in a tenth of its time. */
function partsOf(url: string): { origin: string; pathname: string; search: string } {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  const fragment = url.indexOf("#", path);
  const end = fragment < 0 ? url.length : fragment;
  const query = url.indexOf("?", path);
  const mark = query < 0 || query > end ? end : query;
  return { origin: url.slice(0, path), pathname: url.slice(path, mark), search: url.slice(mark, end) };
}

const notFound = (path: string) =>
  new RequestError(404, "request/not-found", `there is no ${path.slice(0, 100)} here`);

const methodError = (path: string, allow: readonly string[]) =>
  new RequestError(405, "request/method", `${path.slice(0, 100)} takes ${allow.join(", ")}`);

const modelEntry = ({ name, ready }: IndexRow) => ({ name, ready: ready === 1 });

/** The object's answer, or 503 if it went away meanwhile: nothing is known then of what it did. */
async function askObject(stub: () => ObjectStub, request: Request): Promise<Response> {
  try {
    return await stub().fetch(request);
  } catch (cause) {
    logEvent("changes", "error", { what: "the object went away" }, cause);
    throw new RequestError(503, "object/unavailable", "the model's object went away while it answered");
  }
}

const indexOf = (env: Env): ObjectStub => env.INDEX.get(env.INDEX.idFromName("index"));

async function tellIndex(env: Env, method: string, name: string): Promise<Response | undefined> {
  const response = await askObject(() => indexOf(env), new Request(`http://index/${name}`, { method }));
  return response.ok ? undefined : response;
}

async function listModels(env: Env): Promise<IndexRow[]> {
  return (await askObject(() => indexOf(env), new Request("http://index/"))).json();
}

async function create(
  ...[env, name, stub, request]: [Env, string, () => ObjectStub, Request]
): Promise<Response> {
  const known = (await listModels(env)).some((row) => row.name === name && row.ready === 1);
  const refused = await tellIndex(env, "PUT", name);
  if (refused) return refused;
  const response = await askObject(stub, request);
  if (response.ok || response.status === 409) await tellIndex(env, "POST", name);
  else if (!known) await tellIndex(env, "DELETE", name);
  return response;
}

async function remove(
  ...[env, name, stub, request]: [Env, string, () => ObjectStub, Request]
): Promise<Response> {
  const response = await askObject(stub, request);
  if (!response.ok && response.status !== 404) return response;
  await tellIndex(env, "DELETE", name);
  await new CopyStore(env).forget(name);
  return response;
}

async function metrics(env: Env): Promise<Response> {
  const models = (await listModels(env)).filter(({ ready }) => ready === 1);
  const texts = await Promise.all(
    models.slice(0, MAX_METRICS).map(async ({ name }) => {
      const stub = env.TRAINER.get(env.TRAINER.idFromName(name));
      const response = await stub.fetch(new Request(`http://object/models/${name}/metrics`));
      return response.ok ? response.text() : "";
    }),
  );
  // Prometheus takes each metric's head once, with all its values behind it.
  const families = new Map<string, string[]>();
  let head = "";
  for (const line of texts.join("").split("\n")) {
    if (line.startsWith("# HELP")) head = line;
    else if (line.startsWith("# TYPE")) {
      head += `\n${line}`;
      if (!families.has(head)) families.set(head, []);
    } else if (line !== "") families.get(head)!.push(line);
  }
  const all = `# HELP edgegrad_models Models.\n# TYPE edgegrad_models gauge\nedgegrad_models ${models.length}\n`;
  const text = [...families].map(([name, lines]) => `${name}\n${lines.join("\n")}\n`).join("");
  return new Response(all + text, { headers: { "content-type": "text/plain; version=0.0.4" } });
}

function withCors(response: Response, origin: string): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("access-control-allow-origin", origin);
  copy.headers.set("access-control-allow-methods", "GET, POST, PUT, DELETE");
  copy.headers.set("access-control-allow-headers", "authorization, content-type, idempotency-key");
  copy.headers.set("access-control-expose-headers", "idempotency-replayed, edgegrad-version");
  copy.headers.append("vary", "origin");
  return copy;
}
