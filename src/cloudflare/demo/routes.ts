// The routes of the Worker, and what each failure becomes as a response.
//
// Place: worker.ts gives it a way to load the core; tests give it another. Invariant: every response but a saved file
// is JSON; an error is `{ code, message }` with nothing of the stack or of what the core was doing.

import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Hono } from "hono/quick";
import * as v from "valibot";
import type { Core } from "../../api.ts";
import {
  ConfigError,
  CoreError,
  type EdgegradError,
  FormatError,
  ShapeError,
  StateError,
} from "../../errors.ts";
import { BodyError, check, readPredictBody, readTrainBody } from "../request-body.ts";
import { MAX_FILE_BYTES, MAX_JSON_BYTES } from "./limits.ts";
import { ServedModel } from "./served-model.ts";

const ROUTES = {
  "GET /": "this page",
  "GET /health": "{ ok: true }",
  "POST /predict": '{ "x": [[…], …] } → { y, argmax }',
  "POST /train": '{ "x": [[…], …], "y": […], "steps": 1 } → { loss, step, … }',
  "GET /model": "the model as a safetensors file",
  "PUT /model": "a model file or checkpoint; ?loss, learningRate, batchSize, timeSteps, seed",
  "GET /checkpoint": "the model with everything that training needs to go on",
};

const positive = v.pipe(v.string(), v.transform(Number), v.number(), v.gtValue(0), v.finite());
const whole = (least: number) =>
  v.pipe(v.string(), v.transform(Number), v.number(), v.safeInteger(), v.minValue(least));
const uploadQuery = v.strictObject({
  loss: v.optional(v.string()),
  learningRate: v.optional(positive),
  batchSize: v.optional(whole(1)),
  timeSteps: v.optional(whole(1)),
  seed: v.optional(whole(0)),
});

const tooLarge = (most: number) => ({
  maxSize: most,
  onError: (c: Context) =>
    c.json({ code: "request/too-large", message: `the body may have at most ${most} bytes` }, 413),
});

/** @param loadCore called with the first request that needs the core, and again if it failed */
export function createRoutes(loadCore: () => Promise<Core>): Hono {
  let core: Promise<Core> | undefined;
  let served: ServedModel | undefined;

  const theCore = (): Promise<Core> => {
    core ??= loadCore().catch((error) => {
      core = undefined;
      throw error;
    });
    return core;
  };
  const theModel = async (): Promise<ServedModel> => {
    const loaded = await theCore();
    served ??= ServedModel.example(loaded);
    return served;
  };
  const file = (bytes: Uint8Array, name: string) =>
    new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: {
        "content-type": "application/octet-stream",
        "content-disposition": `attachment; filename="${name}"`,
      },
    });

  const app = new Hono();
  app.get("/", async (c) => c.json({ model: (await theModel()).describe(), routes: ROUTES }));
  app.get("/health", (c) => c.json({ ok: true }));
  app.post("/predict", bodyLimit(tooLarge(MAX_JSON_BYTES)), async (c) => {
    const body = readPredictBody(await c.req.text());
    return c.json((await theModel()).predict(body));
  });
  app.post("/train", bodyLimit(tooLarge(MAX_JSON_BYTES)), async (c) => {
    const body = readTrainBody(await c.req.text());
    return c.json((await theModel()).train(body));
  });
  app.get("/model", async () => file((await theModel()).saveModel(), "model.safetensors"));
  app.get("/checkpoint", async () => file((await theModel()).saveCheckpoint(), "checkpoint.safetensors"));
  app.put("/model", bodyLimit(tooLarge(MAX_FILE_BYTES)), async (c) => {
    const options = check(uploadQuery, c.req.query(), "query");
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const next = ServedModel.fromFile(await theCore(), bytes, options);
    served?.dispose();
    served = next;
    return c.json(next.describe());
  });

  app.notFound((c) => {
    const known = Object.keys(ROUTES).filter((route) => route.split(" ")[1] === c.req.path);
    if (known.length === 0)
      return c.json({ code: "request/not-found", message: `no ${c.req.path} here: see GET /` }, 404);
    const methods = known.map((route) => route.split(" ")[0]).join(", ");
    c.header("allow", methods);
    return c.json({ code: "request/method", message: `${c.req.path} takes ${methods}` }, 405);
  });
  app.onError((error, c) => {
    const status = statusOf(error);
    if (status !== 500)
      return c.json({ code: (error as EdgegradError).code, message: error.message }, status);
    // The log is for the owner of the Worker; the client learns nothing of its inside.
    console.error(error);
    return c.json({ code: "server/internal", message: "the Worker failed to answer; see its log" }, 500);
  });
  return app;
}

/** 4xx for what the client can mend, 500 for what it cannot. */
function statusOf(error: Error): 400 | 409 | 413 | 422 | 500 {
  if (error instanceof BodyError) return 400;
  if (error instanceof StateError) return 409;
  if (error instanceof ConfigError && error.code === "plan/too-large") return 413;
  if (error instanceof ShapeError || error instanceof ConfigError || error instanceof FormatError) return 422;
  if (error instanceof CoreError && error.code === "train/not-finite") return 422;
  return 500;
}
