// Copies of models that all stateless Workers share: in Workers KV, and large ones in R2.
//
// Place: between a Worker's own copies and the object. Invariant: a file's key holds the version, so a file is never stale;
// which version is current is believed only as long as the note says itself, whatever KV serves and however late.

import type { Env, KvNamespace, R2Store } from "./object-platform.ts";

/** What the object says of its current version, and when it was asked. */
export interface CurrentVersion {
  readonly uid: string;
  readonly version: number;
  readonly timeSteps: number;
  readonly checked: number;
}

/** Header of a model file that says whose it is, as JSON. */
export const CURRENT = "edgegrad-current";

/** Larger files go to R2 where there is one; KV takes up to 25 MiB. */
const LARGE_BYTES = 1e6;
const KV_BYTES = 25 * 2 ** 20;
/** Files that nobody asks for go; the shortest life that KV allows is a minute. */
const FILE_SECONDS = 86_400;
const NOTE_SECONDS = 3600;

export class CopyStore {
  readonly #kv: KvNamespace | undefined;
  readonly #r2: R2Store | undefined;

  constructor({ EDGEGRAD_KV, EDGEGRAD_R2 }: Env) {
    this.#kv = EDGEGRAD_KV;
    this.#r2 = EDGEGRAD_R2;
  }

  /** The current version, if it was so at `since` or later. */
  async current(name: string, since: number, now: number): Promise<CurrentVersion | undefined> {
    const bytes = await this.#kv?.get(noteKey(name), "arrayBuffer").catch(() => null);
    if (!bytes) return undefined;
    const note = JSON.parse(new TextDecoder().decode(bytes)) as CurrentVersion;
    return note.checked >= since && note.checked <= now ? note : undefined;
  }

  /** KV takes one write a second under a key; a note that is lost costs one more question to the object. */
  async note(name: string, current: CurrentVersion): Promise<void> {
    await this.#kv
      ?.put(noteKey(name), JSON.stringify(current), { expirationTtl: NOTE_SECONDS })
      .catch(() => {});
  }

  async file(name: string, current: CurrentVersion): Promise<Uint8Array | undefined> {
    const key = fileKey(name, current);
    const small = await this.#kv?.get(key, "arrayBuffer").catch(() => null);
    const bytes = small ?? (await (await this.#r2?.get(key).catch(() => null))?.arrayBuffer());
    return bytes ? new Uint8Array(bytes) : undefined;
  }

  async keep(name: string, current: CurrentVersion, file: ArrayBuffer): Promise<void> {
    const key = fileKey(name, current);
    const large = file.byteLength > LARGE_BYTES;
    if (this.#r2 && (large || !this.#kv)) await this.#r2.put(key, file).catch(() => {});
    else if (file.byteLength <= KV_BYTES)
      await this.#kv?.put(key, file, { expirationTtl: FILE_SECONDS }).catch(() => {});
  }

  get exists(): boolean {
    return this.#kv !== undefined || this.#r2 !== undefined;
  }

  /** All that is kept of a model. Elsewhere KV may show it for another minute; the notes' own age bounds that. */
  async forget(name: string): Promise<void> {
    const prefix = `${ROOT}${name}/`;
    const [inKv, inR2] = await Promise.all([this.#kv?.list({ prefix }), this.#r2?.list({ prefix })]);
    await Promise.all((inKv?.keys ?? []).map((key) => this.#kv!.delete(key.name)));
    const keys = (inR2?.objects ?? []).map(({ key }) => key);
    if (keys.length > 0) await this.#r2!.delete(keys);
  }

  /** Versions before the current one, in R2, which deletes nothing by itself. */
  async forgetOlder(name: string, current: CurrentVersion): Promise<void> {
    const kept = fileKey(name, current);
    const listed = await this.#r2?.list({ prefix: `${ROOT}${name}/` }).catch(() => undefined);
    const keys = (listed?.objects ?? []).map(({ key }) => key).filter((key) => key !== kept);
    if (keys.length > 0) await this.#r2!.delete(keys).catch(() => {});
  }
}

const ROOT = "edgegrad/";
const noteKey = (name: string): string => `${ROOT}${name}/current`;
const fileKey = (name: string, { uid, version }: CurrentVersion): string =>
  `${ROOT}${name}/${uid}/${version}`;
