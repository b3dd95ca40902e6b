// A model file or checkpoint on its way in: chunk by chunk into storage, and from there into a trainer.
//
// Place: the object's `PUT /models/{name}` with a file. Invariant: whatever becomes of it, its chunks are gone at the end,
// and a name whose file was refused leaves nothing behind.

import type { FileSource } from "../train/state-stream.ts";
import { readPieces } from "./bounded-body.ts";
import type { ObjectStorage } from "./object-platform.ts";
import { blobSource, createTables, deleteBlob, PartWriter } from "./object-schema.ts";
import { MAX_FILE_BYTES } from "./settings.ts";

/** Numbers below those of states; chunks that a restart left behind are deleted by the learner. */
let last = 0;
let active = 0;

/** @param keep whether the object has a model after all */
export async function withUpload<T>(
  ...[storage, request, keep, act]: [ObjectStorage, Request, () => boolean, (file: FileSource) => T]
): Promise<T> {
  const { sql } = storage;
  const blob = --last;
  active++;
  createTables(sql);
  try {
    const parts = new PartWriter(sql, blob, 0);
    let bytes = 0;
    await readPieces(request, MAX_FILE_BYTES, (piece) => {
      bytes += piece.length;
      parts.write(piece);
    });
    parts.flush();
    return act(bytes === 0 ? { bytes, pieces: () => [] } : blobSource(sql, blob));
  } finally {
    active--;
    deleteBlob(sql, blob);
    if (!keep() && active === 0) await storage.deleteAll();
  }
}
