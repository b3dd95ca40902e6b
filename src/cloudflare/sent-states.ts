// Stored states on their way to clients, chunk by chunk.
//
// Place: beside the learner, whose newer versions let go of older states. Invariant: a state that is being sent stays
// until its end; a model that was deleted breaks the stream off, so that no client takes half a file for a whole one.

import type { SqlStorage } from "./object-platform.ts";
import { blobSource, deleteBlob, first } from "./object-schema.ts";
import { RequestError } from "./request-error.ts";

/** States of one model that are sent at a time. */
const MAX_SENDING = 8;

export class SentStates {
  readonly #sql: SqlStorage;
  readonly #sending = new Set<{ readonly blob: number }>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** @throws RequestError 429 */
  refuseMore(): void {
    if (this.#sending.size >= MAX_SENDING)
      throw new RequestError(429, "request/rate", `${MAX_SENDING} checkpoints of this model are being sent`);
  }

  stream(blob: number): ReadableStream<Uint8Array> {
    const sending = { blob };
    this.#sending.add(sending);
    const { bytes, pieces } = blobSource(this.#sql, blob);
    const alive = () => this.#sending.has(sending);
    return sendPieces(bytes, pieces(), alive, () => {
      if (!this.#sending.delete(sending)) return;
      if (!first(this.#sql, "SELECT 1 FROM versions WHERE blob = ?", blob)) this.letGo(blob);
    });
  }

  /** Deletes a state that no version holds; one that is being sent goes when that ends. */
  letGo(blob: number): void {
    if (![...this.#sending].some((sending) => sending.blob === blob)) deleteBlob(this.#sql, blob);
  }

  /** The model is gone. */
  endAll(): void {
    this.#sending.clear();
  }
}

declare const FixedLengthStream: new (bytes: number) => TransformStream<Uint8Array, Uint8Array>;

/** A body of known length from pieces, each of which is asked for when the client has taken the one before. */
export function sendPieces(
  ...[bytes, pieces, alive, end]: [number, Iterable<Uint8Array>, () => boolean, () => void]
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  const pump = async () => {
    for (const piece of pieces) {
      if (!alive()) throw new Error("the model was deleted");
      await writer.write(piece);
    }
    await writer.close();
  };
  // A client that went away is no error of ours.
  pump()
    .catch((error) => writer.abort(error).catch(() => {}))
    .finally(end);
  return readable;
}
