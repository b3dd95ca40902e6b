// Idempotency: the answers to requests that carried a key, so that a repeat changes nothing.
//
// Place: written in the transaction of the change it answers. Invariant: a key answers one request only; the newest
// MAX_ANSWERS keys of a model are remembered.

import type { SqlStorage } from "./object-platform.ts";
import { first } from "./object-schema.ts";
import { RequestError } from "./request-error.ts";
import { MAX_ANSWERS } from "./settings.ts";

/** A key with the digest of what was asked under it. */
export interface IdempotencyKey {
  readonly key: string;
  readonly request: string;
}

const FORM = /^[\x21-\x7e]{1,128}$/;

/** @throws RequestError 400 if the header's value is no key */
export async function idempotencyKey(
  ...[header, path, body]: [string | null, string, Uint8Array]
): Promise<IdempotencyKey | undefined> {
  if (header === null) return undefined;
  if (!FORM.test(header))
    throw new RequestError(
      400,
      "request/idempotency-key",
      "Idempotency-Key must be 1 to 128 visible characters of ASCII",
    );
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body as Uint8Array<ArrayBuffer>));
  const text = [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { key: header, request: `${path} ${text}` };
}

/** The answer that was given before. @throws RequestError 422 if the key belongs to another request */
export function answerOf(sql: SqlStorage, id: IdempotencyKey | undefined): unknown {
  if (!id) return undefined;
  const row = first<{ request: string; answer: string }>(
    sql,
    "SELECT request, answer FROM answers WHERE key = ?",
    id.key,
  );
  if (!row) return undefined;
  if (row.request !== id.request)
    throw new RequestError(
      422,
      "request/idempotency-mismatch",
      "this Idempotency-Key was used for another request: take a new key for a new request",
    );
  return JSON.parse(row.answer);
}

/** Within the transaction of the change. */
export function rememberAnswer(sql: SqlStorage, id: IdempotencyKey | undefined, answer: unknown): void {
  if (!id) return;
  sql.exec(
    "INSERT INTO answers (key, request, answer) VALUES (?, ?, ?)",
    id.key,
    id.request,
    JSON.stringify(answer),
  );
  sql.exec("DELETE FROM answers WHERE seq <= (SELECT MAX(seq) FROM answers) - ?", MAX_ANSWERS);
}

/** Answers a repeated key with the first answer; else acts, with what remembers its answer in the same transaction. */
export async function answerOnce(
  ...[sql, exists, request, body, act]: [
    SqlStorage,
    () => boolean,
    Request,
    Uint8Array,
    (remember: <T extends object>(answer: T) => T) => object,
  ]
): Promise<Response> {
  const path = new URL(request.url).pathname;
  const id = await idempotencyKey(request.headers.get("idempotency-key"), `${request.method} ${path}`, body);
  const known = exists() ? answerOf(sql, id) : undefined;
  if (known !== undefined) return Response.json(known, { headers: { "idempotency-replayed": "true" } });
  return Response.json(
    act((answer) => {
      rememberAnswer(sql, id, answer);
      return answer;
    }),
  );
}
