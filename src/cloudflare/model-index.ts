// ModelIndex: the names of all models, in one Durable Object.
//
// Place: asked by the router alone. Invariant: a name is written here before its object is made and removed after its object
// is gone, so that no model exists that is not listed; a name left over from a crash is mended by the next PUT or DELETE.

import type { Env, ObjectContext, SqlValue } from "./object-platform.ts";
import { errorResponse, RequestError } from "./request-error.ts";
import { readSettings } from "./settings.ts";

export interface IndexRow extends Record<string, SqlValue> {
  name: string;
  /** 0 between the reservation of a name and the making of its object. */
  ready: number;
}

export class ModelIndex {
  readonly #ctx: ObjectContext;
  readonly #env: Env;

  constructor(ctx: ObjectContext, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS models (name TEXT PRIMARY KEY, ready INTEGER NOT NULL)");
  }

  async fetch(request: Request): Promise<Response> {
    const { sql } = this.#ctx.storage;
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    try {
      if (request.method === "GET")
        return Response.json(sql.exec<IndexRow>("SELECT name, ready FROM models ORDER BY name").toArray());
      if (request.method === "DELETE") sql.exec("DELETE FROM models WHERE name = ?", name);
      else if (request.method === "POST") sql.exec("UPDATE models SET ready = 1 WHERE name = ?", name);
      else this.#reserve(name);
      return Response.json({});
    } catch (error) {
      return errorResponse(error);
    }
  }

  #reserve(name: string): void {
    const { sql } = this.#ctx.storage;
    const { maxModels } = readSettings(this.#env);
    if (sql.exec("SELECT 1 FROM models WHERE name = ?", name).toArray().length > 0) return;
    const [{ n }] = sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM models").toArray() as [{ n: number }];
    if (n >= maxModels)
      throw new RequestError(
        409,
        "models/full",
        `there are ${n} models, as many as allowed: delete one first`,
      );
    sql.exec("INSERT INTO models VALUES (?, 0)", name);
  }
}
