// TrainerObject: one model in one Durable Object, reached through the router alone.
//
// Place: the stateful half of `edgegrad/cloudflare`. Invariant: a request is read first (await), then checked, computed and
// written without an await, so that requests and slices never see each other half done; the runtime holds the answer back
// until what was written is durable.

import { Hono } from "hono/quick";
import { readSafetensors } from "../io/safetensors.ts";
import { weightsIn } from "../io/weights.ts";
import { workerCore } from "../platform/worker-core.ts";
import { Core } from "../session.ts";
import type { TrainerHost } from "../train/base-trainer.ts";
import { fileBytesOf } from "../train/state-stream.ts";
import { answerOnce } from "./answer-log.ts";
import { answerRows, outputsFor } from "./answer-rows.ts";
import { readBody } from "./bounded-body.ts";
import { CURRENT } from "./copy-store.ts";
import { ExampleStore } from "./example-store.ts";
import { Learner } from "./learner.ts";
import { logEvent } from "./log.ts";
import type { BuiltModel, ModelRecord } from "./model-record.ts";
import { buildFromJson, buildFromUpload } from "./model-request.ts";
import { labelBody, rollbackBody, startBody } from "./object-bodies.ts";
import { objectMetrics } from "./object-metrics.ts";
import type { Env, ObjectContext } from "./object-platform.ts";
import { currentOf, describeModel, fileResponse, modelFileOf, statusOfRun } from "./object-status.ts";
import { inputsIn } from "./packed-rows.ts";
import { ProgressEvents } from "./progress-events.ts";
import { RateLimit } from "./rate-limit.ts";
import { check, parseJson } from "./request-body.ts";
import { errorResponse, RequestError, statusOf } from "./request-error.ts";
import { Targets } from "./request-target.ts";
import { PREDICT } from "./route-table.ts";
import { readExamples, readInputs, rowTypeOf } from "./rows-body.ts";
import { MAX_FILE_BYTES, MAX_JSON_BYTES, readSettings, type Settings } from "./settings.ts";
import { type RunRecord, type SliceHooks, TrainingRun } from "./training-run.ts";
import { withUpload } from "./upload.ts";

export class TrainerObject {
  protected readonly ctx: ObjectContext;
  readonly #settings: Settings;
  #routes: Hono | undefined;
  readonly #targets = new Targets("");
  readonly #rate: RateLimit;
  readonly #events = new ProgressEvents();
  readonly #predictions = { rows: 0 };
  readonly #core: Core;
  readonly #host: TrainerHost;
  readonly #learner: Learner;
  readonly #examples: ExampleStore;
  readonly #run: TrainingRun;

  constructor(ctx: ObjectContext, env: Env) {
    this.ctx = ctx;
    this.#settings = readSettings(env);
    this.#rate = new RateLimit(this.#settings.rate);
    const maxBytes = this.#settings.maxPlanBytes;
    const module = workerCore();
    this.#core = new Core(module, { maxBytes });
    this.#host = { module, maxBytes, stageBytes: 0 };
    this.#examples = new ExampleStore(ctx.storage.sql);
    this.#learner = new Learner(this.#host, ctx.storage);
    this.#run = new TrainingRun(ctx.storage, this.#settings, this.#learner, this.#examples, (run) => {
      this.#events.send(this.#trainingStatus(run));
      if (run.state !== "running") this.#log("training", { state: run.state, steps: run.steps });
    });
  }

  async fetch(request: Request): Promise<Response> {
    try {
      this.#rate.take(Date.now());
      const armed = this.#run.arm();
      if (armed) await armed;
      const { route, model } = this.#targets.of(request.method, request.url);
      // As in the router: Hono's own steps take as long as the network of a small model does.
      if (route?.path === PREDICT) return await this.#predict(model!, request);
      this.#routes ??= this.#createRoutes();
      return await this.#routes.fetch(request);
    } catch (error) {
      return this.#refuse(error);
    }
  }

  async alarm(): Promise<void> {
    await this.#run.slice(this.sliceHooks);
  }

  protected get sliceHooks(): SliceHooks | undefined {
    return undefined;
  }

  #createRoutes(): Hono {
    const app = new Hono();
    const base = "/models/:name";
    app.put(base, async (c) => this.#create(c.req.param("name"), c.req.raw));
    app.get(base, (c) => c.json(this.#describe(this.#learner.record(c.req.param("name")))));
    app.delete(base, async (c) => this.#delete(c.req.param("name")));
    app.get(`${base}/version`, (c) =>
      c.json(currentOf(this.#learner.record(c.req.param("name")), this.#learner.version)),
    );
    app.get(`${base}/weights`, (c) => this.#saveModel(c.req.param("name")));
    app.get(`${base}/checkpoint`, (c) => this.#saveCheckpoint(c.req.param("name")));
    app.put(`${base}/weights`, async (c) => {
      const bytes = await readBody(c.req.raw, MAX_FILE_BYTES);
      return this.#once(c.req.raw, bytes, (remember) => {
        this.#learner.record(c.req.param("name"));
        const weights = weightsIn(readSafetensors(bytes));
        return this.#replaced((also) => this.#learner.importWeights(weights, also), remember);
      });
    });
    app.get(`${base}/versions`, (c) => {
      this.#learner.record(c.req.param("name"));
      return c.json({ current: this.#learner.version, versions: this.#learner.versions() });
    });
    app.post(`${base}/versions`, async (c) => {
      const text = await this.#text(c.req.raw);
      const { label } = check(labelBody, text === "" ? {} : parseJson(text), "body");
      this.#learner.record(c.req.param("name"));
      return c.json(this.#learner.keep(label ?? null), 201);
    });
    app.delete(`${base}/versions/:version`, (c) => {
      this.#learner.record(c.req.param("name"));
      const version = Number(c.req.param("version"));
      if (!Number.isSafeInteger(version) || version < 1)
        throw new RequestError(404, "versions/not-found", "a version is a whole number from 1");
      this.#learner.deleteVersion(version);
      return c.json({ deleted: version });
    });
    app.post(`${base}/rollback`, async (c) => {
      const bytes = await readBody(c.req.raw, MAX_JSON_BYTES);
      return this.#once(c.req.raw, bytes, (remember) => {
        const { version } = check(rollbackBody, parseJson(new TextDecoder().decode(bytes)), "body");
        this.#learner.record(c.req.param("name"));
        return this.#replaced((also) => this.#learner.rollback(version, also), remember);
      });
    });
    app.post(`${base}/updates`, async (c) => this.#update(c.req.param("name"), c.req.raw));
    app.get(`${base}/examples`, (c) =>
      c.json(this.#examples.status(this.#learner.record(c.req.param("name")))),
    );
    app.post(`${base}/examples`, async (c) => this.#append(c.req.param("name"), c.req.raw));
    app.delete(`${base}/examples`, (c) => {
      const record = this.#learner.record(c.req.param("name"));
      const state = this.#run.record?.state;
      if (state === "running" || state === "paused")
        throw new RequestError(409, "training/active", `a run is ${state}: stop it before its examples go`);
      this.ctx.storage.transactionSync(() => this.#examples.clear());
      return c.json(this.#examples.status(record));
    });
    app.get(`${base}/training`, (c) => {
      this.#learner.record(c.req.param("name"));
      return c.json(this.#trainingStatus(this.#run.record));
    });
    app.get(`${base}/training/events`, (c) => {
      this.#learner.record(c.req.param("name"));
      return this.#events.listen(this.#trainingStatus(this.#run.record));
    });
    app.post(`${base}/training`, async (c) => this.#start(c.req.param("name"), c.req.raw));
    for (const [action, from, to] of [
      ["pause", ["running"], "paused"],
      ["resume", ["paused", "failed"], "running"],
      ["stop", ["running", "paused"], "stopped"],
    ] as const)
      app.post(`${base}/training/${action}`, async (c) => {
        this.#learner.record(c.req.param("name"));
        const run = this.#run.change([...from], to);
        await this.#run.arm();
        return c.json(this.#trainingStatus(run));
      });
    app.get(`${base}/metrics`, (c) => {
      const record = this.#learner.record(c.req.param("name"));
      const lines = objectMetrics(record, {
        ...{ learner: this.#learner, examples: this.#examples.status(record), run: this.#run },
        ...{ predictions: this.#predictions.rows, storageBytes: this.ctx.storage.sql.databaseSize },
      });
      return c.text(lines);
    });
    app.notFound(() => errorResponse(new RequestError(404, "request/not-found", "there is no such route")));
    app.onError((error) => this.#refuse(error));
    return app;
  }

  async #create(name: string, request: Request): Promise<Response> {
    const builder = { core: this.#core, host: this.#host, settings: this.#settings };
    const store = (build: () => BuiltModel): Response => {
      this.#learner.refuseExisting(name);
      const built = build();
      this.#learner.create(built);
      this.#log("created", { parameters: built.record.plan.parameters });
      return Response.json(this.#describe(built.record), { status: 201 });
    };
    this.#learner.refuseExisting(name);
    if (!request.headers.get("content-type")?.startsWith("application/octet-stream")) {
      const bytes = await readBody(request, MAX_JSON_BYTES);
      return store(() => buildFromJson(builder, name, bytes));
    }
    const exists = () => this.#learner.exists;
    return withUpload(this.ctx.storage, request, exists, (file) =>
      store(() => buildFromUpload(builder, name, file, request.url)),
    );
  }

  async #delete(name: string): Promise<Response> {
    this.#learner.record(name);
    this.#run.stopIfActive();
    this.#learner.forget();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#log("deleted", { model: name });
    return Response.json({ deleted: name });
  }

  async #saveModel(name: string): Promise<Response> {
    const record = this.#learner.record(name);
    const { version } = this.#learner;
    const { body, bytes } = await modelFileOf(this.#learner);
    const answer = fileResponse(body, "model", version, bytes);
    answer.headers.set(CURRENT, JSON.stringify(currentOf(record, version)));
    return answer;
  }

  #saveCheckpoint(name: string): Response {
    this.#learner.record(name);
    const bytes = fileBytesOf(this.#learner.trainer(), "checkpoint");
    return fileResponse(this.#learner.checkpoint(), "checkpoint", this.#learner.version, bytes);
  }

  async #predict(name: string, request: Request): Promise<Response> {
    const type = rowTypeOf(request.headers.get("content-type"));
    const body = await readBody(request, MAX_JSON_BYTES);
    const record = this.#learner.record(name);
    const batch = readInputs(record, type, body);
    this.#refuseWork(record, batch.rows / 3);
    const answer = answerRows(this.#learner.predicts(), batch, this.#learner.version);
    this.#predictions.rows += batch.rows;
    return answer;
  }

  /** Predicts, takes the label, updates. */
  async #update(name: string, request: Request): Promise<Response> {
    const type = rowTypeOf(request.headers.get("content-type"));
    const bytes = await readBody(request, MAX_JSON_BYTES);
    return this.#once(request, bytes, (remember) => {
      const record = this.#learner.record(name);
      const batch = readExamples(record, type, bytes);
      const prediction = outputsFor(this.#learner.trainer(), inputsIn(batch));
      return this.#learner.update(batch, (version, report) => remember({ ...prediction, report, version }));
    });
  }

  async #append(name: string, request: Request): Promise<Response> {
    const type = rowTypeOf(request.headers.get("content-type"));
    const bytes = await readBody(request, MAX_JSON_BYTES);
    return this.#once(request, bytes, (remember) => {
      const record = this.#learner.record(name);
      const batch = readExamples(record, type, bytes);
      return this.ctx.storage.transactionSync(() => {
        const seen = this.#examples.append(record, batch);
        return remember({ appended: batch.rows, ...this.#examples.status(record), seen });
      });
    });
  }

  async #start(name: string, request: Request): Promise<Response> {
    const bytes = await readBody(request, MAX_JSON_BYTES);
    const answer = await this.#once(request, bytes, (remember) => {
      const options = check(startBody, parseJson(new TextDecoder().decode(bytes)), "body");
      const record = this.#learner.record(name);
      return this.ctx.storage.transactionSync(() =>
        remember(this.#trainingStatus(this.#run.start(record, options))),
      );
    });
    await this.#run.arm();
    return answer;
  }

  /** New weights from elsewhere end a run that was made for the old ones. */
  #replaced(replace: (also: () => void) => number, remember: (answer: object) => object): object {
    let answer: object = {};
    replace(() => {
      this.#run.stopIfActive();
      answer = remember({ version: this.#learner.version + 1 });
    });
    this.#log("replaced", answer);
    return answer;
  }

  #once(
    ...[request, body, act]: [Request, Uint8Array, (remember: <T extends object>(answer: T) => T) => object]
  ): Promise<Response> {
    return answerOnce(this.ctx.storage.sql, () => this.#learner.exists, request, body, act);
  }

  /** @param rows in units of training rows: a prediction takes about a third */
  #refuseWork({ plan, spec }: ModelRecord, rows: number): void {
    if (rows <= 1) return;
    const most = (this.#settings.cpuMs / 1000) * this.#run.pace.rate;
    const work = (plan.flopsPerStep / spec.batchSize) * rows;
    if (work > most)
      throw new RequestError(
        413,
        "request/work",
        "the rows take more work than a request may: send fewer at a time",
      );
  }

  #describe = (record: ModelRecord): object =>
    describeModel(record, this.#learner, this.#examples, this.#run);

  #trainingStatus(run: RunRecord | undefined) {
    return statusOfRun(run, this.#run.pace, this.#learner.version);
  }

  async #text(request: Request): Promise<string> {
    return new TextDecoder().decode(await readBody(request, MAX_JSON_BYTES));
  }

  #refuse(error: unknown): Response {
    if (statusOf(error) === 500) logEvent(this.#settings.log, "error", { error: String(error) }, error);
    return errorResponse(error);
  }

  #log(event: string, fields: object): void {
    const model = this.#learner.exists ? this.#learner.record("").name : undefined;
    logEvent(this.#settings.log, event, { model, version: this.#learner.version, ...fields });
  }
}
