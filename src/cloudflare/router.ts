// The stateless half of the Worker: who may ask what, and which object answers.
//
// Place: mounted by users (`export default createRouter()`), in front of TrainerObject and ModelIndex. Invariant: an object
// is reached only by a request whose route is in the table and whose token has the scope, and only by the model's own name.

import { Hono } from "hono/quick";
import { requireScope, TokenTable } from "./auth.ts";
import { readBody } from "./bounded-body.ts";
import { awaitsCopy, bringCopy, predictFromCopy } from "./cached-predictor.ts";
import { CopyStore } from "./copy-store.ts";
import { logEvent } from "./log.ts";
import type { IndexRow } from "./model-index.ts";
import type { Env, ObjectNamespace, ObjectStub } from "./object-platform.ts";
import { openApi } from "./openapi.ts";
import { RateLimit } from "./rate-limit.ts";
import { errorResponse, RequestError, statusOf } from "./request-error.ts";
import { type Target, Targets } from "./request-target.ts";
import { PREDICT } from "./route-table.ts";
import { rowTypeOf } from "./rows-body.ts";
import { MAX_JSON_BYTES, readSettings, type Settings } from "./settings.ts";

export interface RouterOptions {
  /** Where the routes are mounted, for example "/ml". Default "". */
  readonly basePath?: string;
}

/** What a module Worker exports. */
export interface Router {
  fetch(request: Request, env: Env, ctx?: RouterContext): Promise<Response>;
}

/** What the runtime gives a Worker beside its environment. */
export interface RouterContext {
  waitUntil(work: Promise<unknown>): void;
}

/** A request on its way to an answer. */
interface Ask {
  readonly raw: Request;
  readonly target: Target;
  readonly env: Env;
  /** Goes on with work after the answer. */
  readonly later: (work: Promise<unknown>) => void;
  /** Whether the runtime was told to wait for that work. */
  readonly waits: boolean;
}

interface Setup {
  readonly settings: Settings;
  readonly tokens: TokenTable;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const MAX_METRICS = 50;
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
  const targets = new Targets(basePath);
  const setupOf = (env: Env): Setup => {
    let setup = setups.get(env);
    if (!setup) {
      setup = { settings: readSettings(env), tokens: TokenTable.read(env.EDGEGRAD_TOKENS) };
      setups.set(env, setup);
    }
    return setup;
  };

  /** Any request, from its first check to its answer. */
  async function handle(ask: Ask): Promise<Response> {
    let log: Settings["log"] = "changes";
    let cors: string | undefined;
    let response: Response;
    try {
      const { settings, tokens } = setupOf(ask.env);
      log = settings.log;
      cors = allowedOrigin(ask.raw, settings);
      const preflight = ask.target.method === "OPTIONS" && cors !== undefined;
      const refused = preflight ? new Response(null, { status: 204 }) : check(ask, tokens);
      response = refused ?? (await answer(ask, settings));
    } catch (error) {
      if (statusOf(error) === 500) logEvent(log, "error", { path: ask.target.pathname }, error);
      response = errorResponse(error);
    }
    if (log === "all") {
      const { method, pathname } = ask.target;
      logEvent(log, "request", { method, path: pathname, status: response.status });
    }
    return cors === undefined || response.status === 101 ? response : withCors(response, cors);
  }

  /** Made when something else than a prediction is asked for. */
  let app: Hono<{ Bindings: Env }> | undefined;
  const createApp = () => {
    const made = new Hono<{ Bindings: Env }>();
    made.all("*", (c) => {
      const { raw } = c.req;
      const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
      return handle({ raw, target: targets.of(raw.method, raw.url), env: c.env, later, waits: true });
    });
    made.onError((error) => {
      logEvent("changes", "error", {}, error);
      return errorResponse(error);
    });
    return made;
  };
  return {
    fetch(raw, env, ctx) {
      const target = targets.of(raw.method, raw.url);
      const later = (work: Promise<unknown>) => ctx?.waitUntil(work);
      // Hono's own steps take as long as the network of a small model does.
      if (target.route?.path === PREDICT)
        return handle({ raw, target, env, later, waits: ctx !== undefined });
      const context = ctx && { waitUntil: later, passThroughOnException() {}, props: {} };
      app ??= createApp();
      return Promise.resolve(app.fetch(raw, env, context));
    },
  };

  function answer(ask: Ask, settings: Settings): Response | Promise<Response> {
    const { env, target } = ask;
    const { path, method } = target.route!;
    const model = target.model!;
    if (path === PREDICT && target.maxStale !== undefined) return predictStale(ask, settings);
    if (path === "/health") return Response.json({ ok: true });
    if (path === "/openapi.json") return Response.json(openApi(basePath));
    if (path === "/models") return modelList(env);
    if (path === "/metrics") return metrics(env);
    // The object knows nothing of the mount.
    const { origin, path: below, search } = target;
    const request = basePath === "" ? ask.raw : new Request(`${origin}${below}${search}`, ask.raw);
    if (path === "/models/{name}" && method === "PUT") return create(env, model, request);
    if (path === "/models/{name}" && method === "DELETE") return remove(env, model, request);
    return askObject(() => trainerOf(env, model), request);
  }

  /** From a copy. What arrives is read before anything is looked up. */
  async function predictStale(ask: Ask, settings: Settings): Promise<Response> {
    const { raw, target, env, later } = ask;
    const name = target.model!;
    const now = Date.now();
    limitOf(name, settings).take(now);
    const maxStale = Number(target.maxStale);
    if (!(maxStale >= 0 && maxStale <= MAX_STALE_SECONDS))
      throw new RequestError(400, "request/query", `maxStale must be seconds from 0 to ${MAX_STALE_SECONDS}`);
    const header = raw.headers.get("content-type");
    const type = rowTypeOf(header);
    const body = await readBody(raw, MAX_JSON_BYTES);
    const stub = () => trainerOf(env, name);
    const source = { env, stub, later };
    if (ask.waits && awaitsCopy(name, env, now)) {
      const headers = header === null ? {} : { "content-type": header };
      const request = new Request(`http://object/models/${name}/predict`, {
        method: "POST",
        headers,
        body: body as Uint8Array<ArrayBuffer>,
      });
      const answer = await askObject(stub, request);
      if (answer.ok) later(bringCopy(name, maxStale, now, source));
      // More rows than an object answers at once a copy may.
      if (answer.status !== 413) return answer;
      void answer.body?.cancel();
    }
    return predictFromCopy({ name, maxStale, now, type, body }, source);
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

/** Refuses what no route, token or name allows. */
function check({ raw, target }: Ask, tokens: TokenTable): Response | undefined {
  const { pathname, path, route, model, allow } = target;
  if (path === undefined || (!route && allow.length === 0))
    throw new RequestError(404, "request/not-found", `there is no ${(path ?? pathname).slice(0, 100)} here`);
  if (!route) {
    const methods = allow.join(", ");
    const message = `${path.slice(0, 100)} takes ${methods}`;
    return errorResponse(new RequestError(405, "request/method", message), methods);
  }
  if (route.scope !== "open")
    requireScope(tokens.grantOf(raw.headers.get("authorization")), route.scope, model);
  if (model !== undefined && !NAME.test(model))
    throw new RequestError(
      422,
      "model/name",
      "a model's name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit",
    );
  return undefined;
}

/** The asking page's origin, if it may read answers. */
function allowedOrigin(raw: Request, { corsOrigins }: Settings): string | undefined {
  if (corsOrigins.length === 0) return undefined;
  const asked = raw.headers.get("origin");
  return asked !== null && corsOrigins.includes(asked) ? asked : undefined;
}

/** Ids by name: making one takes a digest. */
const ids = new WeakMap<ObjectNamespace, Map<string, unknown>>();
const MAX_IDS = 1000;

function trainerOf({ TRAINER }: Env, model: string): ObjectStub {
  let known = ids.get(TRAINER);
  if (!known) {
    known = new Map();
    ids.set(TRAINER, known);
  }
  let id = known.get(model);
  if (id === undefined) {
    // Names that do not exist must not fill the memory.
    if (known.size === MAX_IDS) known.clear();
    id = TRAINER.idFromName(model);
    known.set(model, id);
  }
  return TRAINER.get(id);
}

async function modelList(env: Env): Promise<Response> {
  const models = (await listModels(env)).map(({ name, ready }) => ({ name, ready: ready === 1 }));
  return Response.json({ models });
}

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

async function create(env: Env, name: string, request: Request): Promise<Response> {
  const known = (await listModels(env)).some((row) => row.name === name && row.ready === 1);
  const refused = await tellIndex(env, "PUT", name);
  if (refused) return refused;
  const response = await askObject(() => trainerOf(env, name), request);
  if (response.ok || response.status === 409) await tellIndex(env, "POST", name);
  else if (!known) await tellIndex(env, "DELETE", name);
  return response;
}

async function remove(env: Env, name: string, request: Request): Promise<Response> {
  const response = await askObject(() => trainerOf(env, name), request);
  if (!response.ok && response.status !== 404) return response;
  await tellIndex(env, "DELETE", name);
  await new CopyStore(env).forget(name);
  return response;
}

async function metrics(env: Env): Promise<Response> {
  const models = (await listModels(env)).filter(({ ready }) => ready === 1);
  const texts = await Promise.all(
    models.slice(0, MAX_METRICS).map(async ({ name }) => {
      const response = await trainerOf(env, name).fetch(new Request(`http://object/models/${name}/metrics`));
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
