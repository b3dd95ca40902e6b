// Bearer tokens with scopes, from a secret.
//
// Place: first thing the router asks. Invariant: every comparison looks at every byte of every known token's digest, so
// that time tells nothing of where a guess went wrong; without tokens nothing is open. Tokens that were accepted lately are
// known by their text too, which is compared to its end likewise: what time tells is the length of one that is in use.

import * as v from "valibot";
import { ConfigError } from "../errors.ts";
import { Sha256 } from "../io/sha256.ts";
import { RequestError } from "./request-error.ts";

export const SCOPES = ["predict", "train", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export interface Grant {
  readonly scopes: ReadonlySet<Scope>;
  /** Names, or beginnings of names that end in "*"; absent: every model. */
  readonly models: readonly string[] | undefined;
}

const entries = v.array(
  v.strictObject({
    token: v.optional(v.pipe(v.string(), v.minLength(16))),
    sha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
    scopes: v.array(v.picklist(SCOPES)),
    models: v.optional(v.array(v.string())),
  }),
);

/** Here rather than by crypto.subtle: a token is one block or a few, and a request need not wait for it. */
const digestOf = (bytes: Uint8Array): Int32Array => hash.restart().update(bytes).words();

const hash = new Sha256();

/** The bytes of a token: visible ASCII, as the header's pattern has it. */
function bytesOf(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) bytes[i] = token.charCodeAt(i);
  return bytes;
}

const fromHex = (hex: string): Int32Array =>
  Int32Array.from(hex.match(/.{8}/g)!, (word) => Number.parseInt(word, 16) | 0);

/** True for equal digests, in a time that depends on neither. */
export function equalDigests(a: Int32Array, b: Int32Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}

/** Likewise for texts. */
export function equalTexts(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  if (difference === 0) for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** Headers whose digest need not be computed again: each request looks at all of them. */
const MAX_ACCEPTED = 8;

interface Accepted {
  readonly header: string;
  readonly grant: Grant;
}

interface KnownToken {
  readonly digest: Int32Array;
  readonly grant: Grant;
}

export class TokenTable {
  readonly #grants: readonly KnownToken[];
  readonly #accepted: Accepted[] = [];

  private constructor(grants: readonly KnownToken[]) {
    this.#grants = grants;
  }

  /** @param secret JSON: `[{ "token" or "sha256": "…", "scopes": ["predict"], "models": ["user-*"] }]` */
  static read(secret: string | undefined): TokenTable {
    let parsed: v.InferOutput<typeof entries>;
    try {
      parsed = secret === undefined ? [] : v.parse(entries, JSON.parse(secret));
      if (!parsed.every(({ token, sha256 }) => (token === undefined) !== (sha256 === undefined)))
        throw new Error();
    } catch {
      // The cause would quote the secret.
      throw new ConfigError(
        "settings/tokens",
        "EDGEGRAD_TOKENS must be a JSON list of { token (16 characters or more) or sha256, scopes, models? }",
      );
    }
    const grants = parsed.map(({ token, sha256, scopes, models }) => ({
      digest: token === undefined ? fromHex(sha256!) : digestOf(new TextEncoder().encode(token)).slice(),
      grant: { scopes: new Set(scopes), models },
    }));
    return new TokenTable(grants);
  }

  /** @throws RequestError 401 */
  grantOf(header: string | null): Grant {
    let known: Grant | undefined;
    if (header !== null)
      for (const entry of this.#accepted) if (equalTexts(header, entry.header)) known = entry.grant;
    return known ?? this.#accept(header);
  }

  #accept(header: string | null): Grant {
    const presented = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header ?? "")?.[1];
    const digest = digestOf(bytesOf(presented ?? ""));
    let found: Grant | undefined;
    for (const { digest: known, grant } of this.#grants) if (equalDigests(digest, known)) found = grant;
    if (header === null || presented === undefined || !found)
      throw new RequestError(
        401,
        presented === undefined ? "auth/missing" : "auth/unknown",
        presented === undefined ? "this route takes a bearer token" : "the token is not known",
      );
    if (this.#accepted.length === MAX_ACCEPTED) this.#accepted.shift();
    this.#accepted.push({ header, grant: found });
    return found;
  }
}

/** @throws RequestError 403; admin includes the other scopes */
export function requireScope({ scopes, models }: Grant, scope: Scope, model: string | undefined): void {
  if (!scopes.has(scope) && !scopes.has("admin"))
    throw new RequestError(403, "auth/scope", `this route takes a token with the scope "${scope}"`);
  if (model !== undefined && !mayUse(models, model))
    throw new RequestError(403, "auth/model", "the token is not for this model");
  if (model === undefined && models !== undefined)
    throw new RequestError(
      403,
      "auth/model",
      "the token is for single models, this route is about all of them",
    );
}

const mayUse = (models: readonly string[] | undefined, model: string): boolean =>
  models === undefined ||
  models.some((name) => (name.endsWith("*") ? model.startsWith(name.slice(0, -1)) : model === name));
