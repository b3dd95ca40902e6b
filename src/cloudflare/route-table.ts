// Every route of the Worker: who may use it, what it takes and gives. The router and the OpenAPI description read it.
//
// Place: data. Invariant: a route that is not here does not exist: the router refuses it before any object is asked.

import type { Scope } from "./auth.ts";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly scope: Scope | "open";
  readonly summary: string;
  /** Names of schemas in openapi.ts, or "bytes" or "events". */
  readonly takes?: string;
  readonly gives?: string;
  readonly query?: readonly string[];
  /** Honours Idempotency-Key. */
  readonly once?: boolean;
}

const model = "/models/{name}";

/** The route that time matters for. */
export const PREDICT = `${model}/predict`;

export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/health", scope: "open", summary: "Says that the Worker runs." },
  { method: "GET", path: "/openapi.json", scope: "open", summary: "This description." },
  {
    method: "GET",
    path: "/metrics",
    scope: "admin",
    summary: "Figures of up to 50 models, Prometheus text.",
  },
  { method: "GET", path: "/models", scope: "admin", summary: "Names of all models.", gives: "ModelList" },
  {
    ...{ method: "PUT", path: model, scope: "admin", takes: "NewModel", gives: "Model", query: ["options"] },
    summary:
      "Creates a model from a description, or from a model file or checkpoint (application/octet-stream).",
  },
  { method: "GET", path: model, scope: "predict", summary: "The model as it is.", gives: "Model" },
  {
    method: "DELETE",
    path: model,
    scope: "admin",
    summary: "Deletes the model with all that belongs to it.",
  },
  {
    method: "GET",
    path: `${model}/version`,
    scope: "predict",
    summary: "The current version.",
    gives: "Version",
  },
  { method: "GET", path: `${model}/weights`, scope: "predict", summary: "The model file.", gives: "bytes" },
  {
    ...{
      method: "PUT",
      path: `${model}/weights`,
      scope: "admin",
      takes: "bytes",
      gives: "Version",
      once: true,
    },
    summary: "Other weights; optimizer state stays. A run that is under way is stopped.",
  },
  { method: "GET", path: `${model}/checkpoint`, scope: "train", summary: "The checkpoint.", gives: "bytes" },
  {
    method: "GET",
    path: `${model}/versions`,
    scope: "predict",
    summary: "Kept versions.",
    gives: "Versions",
  },
  {
    method: "POST",
    path: `${model}/versions`,
    scope: "train",
    summary: "Keeps the current version.",
    takes: "Label",
  },
  {
    method: "DELETE",
    path: `${model}/versions/{version}`,
    scope: "admin",
    summary: "Lets a kept version go.",
  },
  {
    ...{
      method: "POST",
      path: `${model}/rollback`,
      scope: "admin",
      takes: "Rollback",
      gives: "Version",
      once: true,
    },
    summary: "The state of a kept version again, as a new version.",
  },
  {
    ...{ method: "POST", path: PREDICT, scope: "predict", takes: "Inputs", gives: "Prediction" },
    summary: "Predicts: from the object, or with ?maxStale=seconds from a copy that is at most that old.",
    query: ["maxStale"],
  },
  {
    ...{
      method: "POST",
      path: `${model}/updates`,
      scope: "train",
      takes: "Examples",
      gives: "Update",
      once: true,
    },
    summary: "Predicts, takes the label, and makes one training step. Durable when answered.",
  },
  {
    method: "GET",
    path: `${model}/examples`,
    scope: "train",
    summary: "The store's figures.",
    gives: "Store",
  },
  {
    ...{
      method: "POST",
      path: `${model}/examples`,
      scope: "train",
      takes: "Examples",
      gives: "Store",
      once: true,
    },
    summary: "Appends examples: JSON, NDJSON, or a safetensors file of typed arrays. All or none.",
  },
  {
    method: "DELETE",
    path: `${model}/examples`,
    scope: "admin",
    summary: "Empties the store.",
    gives: "Store",
  },
  { method: "GET", path: `${model}/training`, scope: "train", summary: "The run's status.", gives: "Run" },
  {
    ...{
      method: "POST",
      path: `${model}/training`,
      scope: "train",
      takes: "StartRun",
      gives: "Run",
      once: true,
    },
    summary: "Starts a run over the stored examples.",
  },
  {
    method: "POST",
    path: `${model}/training/pause`,
    scope: "train",
    summary: "Pauses the run.",
    gives: "Run",
  },
  { method: "POST", path: `${model}/training/resume`, scope: "train", summary: "Goes on.", gives: "Run" },
  { method: "POST", path: `${model}/training/stop`, scope: "train", summary: "Ends the run.", gives: "Run" },
  {
    ...{ method: "GET", path: `${model}/training/events`, scope: "train", gives: "events" },
    summary: "Progress as server-sent events.",
  },
  {
    method: "GET",
    path: `${model}/metrics`,
    scope: "admin",
    summary: "The model's figures, Prometheus text.",
  },
];

/** What a path asks for. */
export interface Match {
  readonly route: Route | undefined;
  readonly model: string | undefined;
  /** Methods that the path takes; empty for an unknown path. */
  readonly allow: readonly string[];
}

/** Routes by the parts of their paths; a part in braces takes any text. */
interface PathNode {
  readonly literal: Map<string, PathNode>;
  parameter?: { readonly name: string; readonly node: PathNode };
  readonly routes: Route[];
}

const pathNode = (): PathNode => ({ literal: new Map(), routes: [] });
const root = pathNode();
for (const route of ROUTES) {
  let node = root;
  for (const part of route.path.split("/").slice(1)) {
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name !== undefined) {
      node.parameter ??= { name, node: pathNode() };
      node = node.parameter.node;
    } else {
      const next = node.literal.get(part) ?? pathNode();
      node.literal.set(part, next);
      node = next;
    }
  }
  node.routes.push(route);
}

const UNKNOWN: Match = { route: undefined, model: undefined, allow: [] };

export function matchRoute(method: string, path: string): Match {
  if (!path.startsWith("/")) return UNKNOWN;
  let node = root;
  let model: string | undefined;
  for (const part of path.slice(1).split("/")) {
    const next = node.literal.get(part);
    if (next) node = next;
    else if (node.parameter && part !== "") {
      if (node.parameter.name === "name") model = part;
      node = node.parameter.node;
    } else return UNKNOWN;
  }
  if (node.routes.length === 0) return UNKNOWN;
  return {
    route: node.routes.find((route) => route.method === method),
    model,
    allow: node.routes.map((route) => route.method),
  };
}
