// What the Worker uses of Cloudflare's runtime, as types: a Durable Object's storage, namespaces, the environment.
//
// Place: leaf of cloudflare/. Invariant: structural and minimal, so that the package's declarations need no package of
// types, and the runtime's own classes fit them.

export type SqlValue = ArrayBuffer | string | number | null;

export interface SqlRows<T> extends Iterable<T> {
  toArray(): T[];
}

export interface SqlStorage {
  exec<T extends Record<string, SqlValue>>(
    query: string,
    ...bindings: (ArrayBuffer | ArrayBufferView | string | number | null)[]
  ): SqlRows<T>;
  readonly databaseSize: number;
}

export interface ObjectStorage {
  readonly sql: SqlStorage;
  transactionSync<T>(action: () => T): T;
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
  /** Resolves when all writes so far are durable. */
  sync(): Promise<void>;
}

export interface ObjectContext {
  readonly storage: ObjectStorage;
  blockConcurrencyWhile<T>(action: () => Promise<T>): Promise<T>;
  waitUntil(promise: Promise<unknown>): void;
}

export interface ObjectStub {
  fetch(request: Request): Promise<Response>;
}

export interface ObjectNamespace {
  // biome-ignore lint/suspicious/noExplicitAny: the runtime's own id type fits
  idFromName(name: string): any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  get(id: any): ObjectStub;
}

/** Workers KV, as far as copies of models use it. */
export interface KvNamespace {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  put(key: string, value: ArrayBuffer | string, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string }): Promise<{ keys: readonly { name: string }[] }>;
}

/** R2, likewise. */
export interface R2Store {
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  put(key: string, value: ArrayBuffer): Promise<unknown>;
  delete(keys: string[]): Promise<void>;
  list(options: { prefix: string }): Promise<{ objects: readonly { key: string }[] }>;
}

/** Bindings and variables of the Worker; all variables are text. */
export interface Env {
  readonly TRAINER: ObjectNamespace;
  readonly INDEX: ObjectNamespace;
  /** Copies of models in front of the objects; either may be left out. */
  readonly EDGEGRAD_KV?: KvNamespace;
  readonly EDGEGRAD_R2?: R2Store;
  /** Secret: JSON list of `{ token | sha256, scopes, models? }`. */
  readonly EDGEGRAD_TOKENS?: string;
  /** Comma-separated origins that browsers may call from; none by default. */
  readonly EDGEGRAD_CORS_ORIGINS?: string;
  readonly EDGEGRAD_CPU_MS?: string;
  readonly EDGEGRAD_MAX_MODELS?: string;
  readonly EDGEGRAD_MAX_PLAN_BYTES?: string;
  readonly EDGEGRAD_SNAPSHOT_EVERY?: string;
  readonly EDGEGRAD_RATE?: string;
  readonly EDGEGRAD_LOG?: string;
}
