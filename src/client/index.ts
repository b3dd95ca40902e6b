// The entry `edgegrad/client`: typed calls to a Worker of edgegrad/cloudflare from any host with `fetch`.
//
// Place: stands alone; knows the Worker's HTTP, not its code. Invariant: a change that got no answer is repeated under the
// same idempotency key, so that it is applied once.

import { EdgegradError } from "../errors.ts";
import { bodyOf, type RowArray, type Rows } from "./rows.ts";

export type { RowArray, Rows };

export interface ClientOptions {
  /** For example "https://edgegrad.example.workers.dev". */
  readonly url: string;
  readonly token: string;
  /** Attempts of a call that got no answer, 429 or 503; default 5. */
  readonly attempts?: number;
  readonly fetch?: typeof fetch;
}

export interface Example {
  readonly x: Rows;
  readonly y: Rows;
  readonly sampleWeights?: readonly number[];
  readonly lengths?: readonly number[];
}

export interface PredictionAnswer {
  readonly y: number[][] | Record<string, number[][]>;
  readonly argmax: number[] | Record<string, number[]>;
  readonly version: number;
}

export interface UpdateAnswer extends PredictionAnswer {
  readonly report: { readonly loss: number } & Readonly<Record<string, number>>;
}

export interface StoreAnswer {
  readonly seen: number;
  readonly count: number;
  readonly capacity: number;
  readonly policy: "reservoir" | "window";
}

export interface RunAnswer {
  readonly state: "none" | "running" | "paused" | "done" | "failed" | "stopped";
  readonly epochs?: number;
  readonly epoch?: number;
  readonly position?: number;
  readonly rows?: number;
  readonly steps?: number;
  readonly slices?: number;
  readonly allDeaths?: number;
  readonly loss?: number | null;
  readonly losses?: readonly number[];
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly rate: number;
  readonly version?: number;
}

export interface ModelAnswer {
  readonly name: string;
  readonly version: number;
  readonly step: number;
  readonly fingerprint: string;
  readonly journalled: number;
  readonly snapshotEvery: number;
  readonly run: RunAnswer["state"] | null;
  readonly plan: { parameters: number; flopsPerStep: number; planBytes: number; stateBytes: number };
}

export interface VersionsAnswer {
  readonly current: number;
  readonly versions: readonly {
    version: number;
    step: number;
    fingerprint: string;
    source: string;
    label: string | null;
    kept: boolean;
  }[];
}

/** A refusal of the Worker, or no answer at all (status 0). */
export class ResponseError extends EdgegradError {
  override name = "ResponseError";
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(code, message);
    this.status = status;
    this.hint = hint;
  }
}

interface Call {
  readonly body?: unknown;
  /** A change: repeated under one key. */
  readonly key?: string;
  /** May be repeated without a key. */
  readonly safe?: boolean;
}

/** @example const client = new EdgegradClient({ url, token }); await client.model("user-7").update({ x: [[1, 2]], y: [1] }); */
export class EdgegradClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/$/, "") };
  }

  model(name: string): ModelClient {
    return new ModelClient(name, (method, path, call) => this.#send(method, path, call));
  }

  async list(): Promise<{ models: { name: string; ready: boolean }[] }> {
    return (await this.#send("GET", "/models", { safe: true })).json();
  }

  async metrics(): Promise<string> {
    return (await this.#send("GET", "/metrics", { safe: true })).text();
  }

  async #send(method: string, path: string, { body, key, safe }: Call): Promise<Response> {
    const { url, token, attempts = 5, fetch: send = fetch } = this.#options;
    const binary = body instanceof Uint8Array;
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": binary ? "application/octet-stream" : "application/json" }),
      ...(key !== undefined && { "idempotency-key": key }),
    };
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = binary ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body);
    const most = safe || key !== undefined ? attempts : 1;
    for (let attempt = 1; ; attempt++) {
      let failure: ResponseError;
      try {
        const response = await send(`${url}${path}`, init);
        if (response.ok) return response;
        failure = await refusalOf(response);
        if (response.status !== 429 && response.status < 500) throw failure;
      } catch (error) {
        if (error instanceof ResponseError && error.status < 500 && error.status !== 429) throw error;
        failure =
          error instanceof ResponseError ? error : new ResponseError(0, "client/no-answer", String(error));
      }
      if (attempt >= most) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempt));
    }
  }
}

async function refusalOf(response: Response): Promise<ResponseError> {
  const text = await response.text();
  try {
    const { code, message, hint } = JSON.parse(text) as { code: string; message: string; hint: string };
    return new ResponseError(response.status, code, message, hint);
  } catch {
    return new ResponseError(response.status, "client/answer", text.slice(0, 200));
  }
}

type Send = (method: string, path: string, call: Call) => Promise<Response>;

/** One model of a Worker. */
export class ModelClient {
  readonly name: string;
  readonly #send: Send;

  constructor(name: string, send: Send) {
    this.name = name;
    this.#send = (method, path, call) => send(method, `/models/${name}${path}`, call);
  }

  /** From a description, or from a model file or checkpoint with options. */
  create(from: object | Uint8Array, options?: object): Promise<ModelAnswer> {
    const query = options === undefined ? "" : `?options=${encodeURIComponent(JSON.stringify(options))}`;
    return this.#json("PUT", query, { body: from });
  }

  inspect(): Promise<ModelAnswer> {
    return this.#json("GET", "", { safe: true });
  }

  delete(): Promise<{ deleted: string }> {
    return this.#json("DELETE", "", {});
  }

  /**
   * Typed arrays go as bytes, which answers fastest.
   *
   * @param maxStale seconds; absent: from the object, never stale
   */
  async predict(
    input: { x: Rows; lengths?: readonly number[] },
    maxStale?: number,
  ): Promise<PredictionAnswer> {
    const query = maxStale === undefined ? "" : `?maxStale=${maxStale}`;
    return this.#json("POST", `/predict${query}`, { body: bodyOf({ ...input }), safe: true });
  }

  /** Predicts, takes the label, updates. */
  async update(example: Example, key: string = crypto.randomUUID()): Promise<UpdateAnswer> {
    return this.#json("POST", "/updates", { body: bodyOf({ ...example }), key });
  }

  async append(examples: Example | Uint8Array, key: string = crypto.randomUUID()): Promise<StoreAnswer> {
    const body = examples instanceof Uint8Array ? examples : bodyOf({ ...examples });
    return this.#json("POST", "/examples", { body, key });
  }

  examples(): Promise<StoreAnswer> {
    return this.#json("GET", "/examples", { safe: true });
  }

  train(
    options: { epochs: number; shuffle?: boolean },
    key: string = crypto.randomUUID(),
  ): Promise<RunAnswer> {
    return this.#json("POST", "/training", { body: options, key });
  }

  training(): Promise<RunAnswer> {
    return this.#json("GET", "/training", { safe: true });
  }

  changeTraining(action: "pause" | "resume" | "stop"): Promise<RunAnswer> {
    return this.#json("POST", `/training/${action}`, {});
  }

  versions(): Promise<VersionsAnswer> {
    return this.#json("GET", "/versions", { safe: true });
  }

  keepVersion(label?: string): Promise<VersionsAnswer["versions"][number]> {
    return this.#json("POST", "/versions", { body: label === undefined ? {} : { label } });
  }

  rollback(version: number, key: string = crypto.randomUUID()): Promise<{ version: number }> {
    return this.#json("POST", "/rollback", { body: { version }, key });
  }

  importWeights(file: Uint8Array, key: string = crypto.randomUUID()): Promise<{ version: number }> {
    return this.#json("PUT", "/weights", { body: file, key });
  }

  modelFile(): Promise<Uint8Array> {
    return this.#bytes("/weights");
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#bytes("/checkpoint");
  }

  /** Progress of the run, slice by slice, until it ends or the connection does. */
  async *progress(): AsyncGenerator<RunAnswer, void> {
    const { body } = await this.#send("GET", "/training/events", { safe: true });
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) yield JSON.parse(data) as RunAnswer;
      }
    }
  }

  async #json<T>(method: string, path: string, call: Call): Promise<T> {
    return (await this.#send(method, path, call)).json() as Promise<T>;
  }

  async #bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#send("GET", path, { safe: true })).arrayBuffer());
  }
}
