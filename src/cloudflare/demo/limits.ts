// What a request may cost. An isolate has 128 MB, which the local simulation does not enforce.
//
// Place: read by the routes. Invariant: while a model is replaced, the uploaded bytes, their copy as weights, the old
// plan and the new plan fit an isolate together: 2 · MAX_FILE_BYTES + 2 · MAX_PLAN_BYTES + MAX_JSON_BYTES < 128 MB.

/** Largest model file or checkpoint. */
export const MAX_FILE_BYTES = 12e6;

/** Memory that one model's plan may take. */
export const MAX_PLAN_BYTES = 36e6;

/** Largest JSON body. Parsed numbers take several times their text. */
export const MAX_JSON_BYTES = 4e6;

/** Work of one request to train: about a tenth of a second. */
export const MAX_REQUEST_FLOPS = 4e9;

/** Rows of a training step for uploaded models, unless the upload asks for another number. */
export const DEFAULT_BATCH_SIZE = 64;
