// Predictions without the object: a stateless Worker's copies of models, each of a version, none older than asked for.
//
// Place: behind the router's `?maxStale=`. Invariant: a copy answers only while it was known to be current at most
// `maxStale` seconds before the request began, by the clock of whoever asked the object; where a copy exists, an older
// version never takes its place.

import { ConfigError, EdgegradError } from "../errors.ts";
import { checkDigest, payloadOf } from "../io/model-file.ts";
import { readSafetensors } from "../io/safetensors.ts";
import { useLayers } from "../layers/definition.ts";
import { allLayers } from "../layers/registry.ts";
import { workerCore } from "../platform/worker-core.ts";
import type { Predictor } from "../train/predictor.ts";
import { answerRows } from "./answer-rows.ts";
import { readBody } from "./bounded-body.ts";
import { CopyStore, CURRENT, type CurrentVersion } from "./copy-store.ts";
import { digestOf } from "./digest.ts";
import { predictorIn } from "./model-predictor.ts";
import type { Env, ObjectStub } from "./object-platform.ts";
import { release } from "./object-schema.ts";
import { type RowType, readInputs } from "./rows-body.ts";

interface Copy {
  readonly uid: string;
  readonly version: number;
  readonly predictor: Predictor;
  readonly bytes: number;
  /** When the object last said that this version is current. */
  checked: number;
  /** Counts the copies' uses. */
  used: number;
}

/** Where a copy comes from. */
export interface CopySource {
  readonly env: Env;
  readonly stub: () => ObjectStub;
  /** Goes on after the answer. */
  readonly later: (work: Promise<unknown>) => void;
}

/** A version, and its file where that came with it. */
interface Found {
  readonly current: CurrentVersion;
  readonly bytes?: Uint8Array;
}

/** All copies of an isolate together: the file, its weights and the plan of each. */
const MAX_COPY_BYTES = 48e6;

// Isolates that answer from copies may hold no object, which would bring the layers.
useLayers(allLayers);

const copies = new Map<string, Copy>();
let total = 0;
let uses = 0;

/** A question to a copy. */
export interface CopyRequest {
  readonly name: string;
  readonly maxStale: number;
  readonly now: number;
  readonly type: RowType;
  readonly body: Uint8Array;
}

/** First copies that were sent for behind an answer of the object, and since when each is what it is. */
const firsts = new Map<
  string,
  { readonly state: "coming" | "ended" | "too large"; readonly since: number }
>();
const MAX_NAMES = 1000;
/** Files on their way at a time: each may take what all copies together may. */
const MAX_COMING = 2;
/** The runtime ends work behind an answer after so long, and says nothing. */
const LONGEST_WORK_MS = 30_000;
/** For so long a model that is too large to be copied is not sent for again. */
const LARGE_MS = 600_000;

/**
 * Whether the object should answer meanwhile: a whole model need not be waited for. Where a store may have the file, it spares
 * the object. What comes of a copy that was sent for and is not here, the next request finds out itself.
 */
export function awaitsCopy(name: string, env: Env, now: number): boolean {
  if (copies.has(name) || new CopyStore(env).exists) return false;
  const first = firsts.get(name);
  if (first?.state === "coming") return now - first.since < LONGEST_WORK_MS;
  return first?.state !== "ended";
}

/** Sends for the first copy of a model, behind an answer of the object. */
export async function bringCopy(
  ...[name, maxStale, now, source]: [string, number, number, CopySource]
): Promise<void> {
  const before = firsts.get(name);
  if (before && (before.state === "coming" || now - before.since < LARGE_MS)) return;
  const coming = [...firsts.values()].filter(
    ({ state, since }) => state === "coming" && now - since < LONGEST_WORK_MS,
  );
  // The object goes on answering; a later request sends for it.
  if (coming.length >= MAX_COMING) return;
  // Names that are asked for once must not fill the memory.
  if (firsts.size >= MAX_NAMES) firsts.clear();
  firsts.set(name, { state: "coming", since: now });
  let large = false;
  try {
    // The answer goes first: all objects of this place may share the thread.
    await new Promise((resolve) => setTimeout(resolve, 0));
    await refresh(name, undefined, now, maxStale, source);
  } catch (error) {
    // Another failure the next request meets, and answers with it.
    large = error instanceof EdgegradError && error.code.endsWith("/too-large");
  }
  firsts.set(name, { state: large ? "too large" : "ended", since: now });
}

/** At once where the copy is fresh enough. */
export function predictFromCopy(request: CopyRequest, source: CopySource): Response | Promise<Response> {
  const { name, maxStale, now } = request;
  const copy = copies.get(name);
  if (copy && now - copy.checked <= maxStale * 1000 && now >= copy.checked) return answerFrom(copy, request);
  return refresh(name, copy, now, maxStale, source).then((fresh) =>
    fresh instanceof Response ? fresh : answerFrom(fresh, request),
  );
}

function answerFrom(copy: Copy, { type, body }: CopyRequest): Response {
  copy.used = ++uses;
  return answerRows(copy.predictor, readInputs(copy.predictor.model, type, body), copy.version);
}

async function refresh(
  ...[name, old, now, maxStale, source]: [string, Copy | undefined, number, number, CopySource]
): Promise<Copy | Response> {
  const { stub, later } = source;
  const store = new CopyStore(source.env);
  const ask = async (what: "version" | "weights"): Promise<Found | Response> => {
    const answer = await stub().fetch(new Request(`http://object/models/${name}/${what}`));
    if (!answer.ok) {
      if (answer.status === 404) forget(name);
      return new Response(answer.body, answer);
    }
    const told = what === "version" ? await answer.text() : answer.headers.get(CURRENT)!;
    const current = { ...(JSON.parse(told) as CurrentVersion), checked: now };
    return what === "version" ? { current } : { current, bytes: await readBody(answer, MAX_COPY_BYTES) };
  };
  const noted = await store.current(name, now - maxStale * 1000, now);
  // Who holds nothing needs the file, whatever version it is of.
  let found = noted ? { current: noted } : await ask(old || store.exists ? "version" : "weights");
  if (found instanceof Response) return found;
  if (!noted && store.exists) later(store.note(name, found.current));
  const { uid, version, checked } = found.current;
  if (old && old.uid === uid && old.version >= version) {
    if (old.version === version) old.checked = Math.max(old.checked, checked);
    if (now - old.checked <= maxStale * 1000) return old;
  }
  const kept = found.bytes ?? (await store.file(name, found.current));
  if (kept) found = { ...found, bytes: kept };
  else {
    found = await ask("weights");
    if (found instanceof Response) return found;
    const { current, bytes } = found;
    if (store.exists)
      later(store.keep(name, current, bytes!.slice().buffer).then(() => store.forgetOlder(name, current)));
  }
  return hold(name, found.current, found.bytes!);
}

/** A model file becomes the isolate's copy. */
async function hold(name: string, current: CurrentVersion, bytes: Uint8Array): Promise<Copy> {
  const predictor = await predictorOf(bytes, current.timeSteps);
  const size = bytes.length;
  release(bytes);
  const copy: Copy = {
    ...{ uid: current.uid, version: current.version, predictor, checked: current.checked, used: uses },
    bytes: predictor.plan.bytes.total + size,
  };
  if (copy.bytes > MAX_COPY_BYTES) {
    predictor.dispose();
    throw new ConfigError("plan/too-large", "the model is too large to be copied: ask without maxStale");
  }
  // Another request may have brought a newer one meanwhile.
  const held = copies.get(name);
  if (held && held.uid === copy.uid && held.version > copy.version) {
    predictor.dispose();
    return held;
  }
  forget(name);
  // Least recently used first.
  for (const [other] of [...copies].sort(([, a], [, b]) => a.used - b.used))
    if (total + copy.bytes > MAX_COPY_BYTES) forget(other);
  copies.set(name, copy);
  total += copy.bytes;
  return copy;
}

/** A model file in its own memory. */
async function predictorOf(file: Uint8Array, timeSteps: number): Promise<Predictor> {
  const contents = readSafetensors(file);
  const sum = await digestOf(payloadOf(file));
  checkDigest(file, contents, () => sum);
  const host = { module: workerCore(), maxBytes: MAX_COPY_BYTES };
  return predictorIn(contents, host, { batchSize: 1, timeSteps });
}

function forget(name: string): void {
  const copy = copies.get(name);
  if (!copy) return;
  copy.predictor.dispose();
  copies.delete(name);
  total -= copy.bytes;
}
