// Server-sent events of a model's training: whoever listens gets each slice's status.
//
// Place: beside the object's routes. Invariant: a listener that is gone or does not read costs one failed write.

import { RequestError } from "./request-error.ts";
import { MAX_LISTENERS } from "./settings.ts";

export class ProgressEvents {
  readonly #listeners = new Set<WritableStreamDefaultWriter<Uint8Array>>();

  /** A stream that begins with the status as it is. */
  listen(status: unknown): Response {
    if (this.#listeners.size >= MAX_LISTENERS)
      throw new RequestError(
        429,
        "training/listeners",
        `${MAX_LISTENERS} clients listen to this model already`,
      );
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    this.#listeners.add(writer);
    // A client that went away makes room for another.
    writer.closed.catch(() => {}).finally(() => this.#listeners.delete(writer));
    this.#write(writer, status);
    return new Response(readable, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  send(status: { readonly state: string }): void {
    for (const writer of this.#listeners) this.#write(writer, status);
    if (status.state === "running" || status.state === "paused") return;
    // A run that ended has no more to tell.
    for (const writer of this.#listeners) writer.close().catch(() => {});
    this.#listeners.clear();
  }

  get count(): number {
    return this.#listeners.size;
  }

  #write(writer: WritableStreamDefaultWriter<Uint8Array>, status: unknown): void {
    const text = `event: progress\ndata: ${JSON.stringify(status)}\n\n`;
    writer.write(new TextEncoder().encode(text)).catch(() => this.#listeners.delete(writer));
  }
}
