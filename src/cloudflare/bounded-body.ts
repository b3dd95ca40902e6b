// A request's body as bytes, never more than allowed.
//
// Place: first thing a route with a body does. Invariant: reading stops at the limit, whatever Content-Length claims.

import { RequestError } from "./request-error.ts";

/** @throws RequestError 413 or, for a body that breaks off, 400 */
export function readBody(request: Request | Response, most: number): Promise<Uint8Array> {
  const claimed = Number(request.headers.get("content-length") ?? 0);
  // HTTP holds a body to the length it claims; one buffer, and no steps between.
  if (claimed > 0 && claimed <= most) return request.arrayBuffer().then(bytesOf, refuseBroken);
  return gather(request, most);
}

const bytesOf = (buffer: ArrayBuffer): Uint8Array => new Uint8Array(buffer);

function refuseBroken(): never {
  throw bodyBroke();
}

async function gather(request: Request | Response, most: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(4096);
  let size = 0;
  await readPieces(request, most, (piece) => {
    if (size + piece.length > bytes.length) {
      const larger = new Uint8Array(Math.min(most, 2 * (size + piece.length)));
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(piece, size);
    size += piece.length;
  });
  return size === bytes.length ? bytes : bytes.subarray(0, size);
}

/** Hands a body over piece by piece. @throws as readBody */
export async function readPieces(
  ...[request, most, take]: [Request | Response, number, (piece: Uint8Array) => void]
): Promise<void> {
  const tooLarge = () =>
    new RequestError(413, "request/too-large", `the body may have at most ${most} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > most) throw tooLarge();
  if (!request.body) return;
  let size = 0;
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    let read: ReadableStreamReadResult<Uint8Array>;
    try {
      read = await reader.read();
    } catch {
      throw bodyBroke();
    }
    if (read.done) return;
    size += read.value.length;
    if (size > most) {
      void reader.cancel();
      throw tooLarge();
    }
    take(read.value);
  }
}

const bodyBroke = () => new RequestError(400, "request/aborted", "the body broke off");
