// The body of `PUT /models/{name}` as a model: a JSON description, or a file with options in the query.
//
// Place: between the object's route and model-record.ts. Invariant: whatever is in the body, an error of a request comes out.

import type { FileSource } from "../train/state-stream.ts";
import {
  type Builder,
  type BuiltModel,
  buildFromDescription,
  buildFromFile,
  description,
  fileOptions,
} from "./model-record.ts";
import { check, parseJson } from "./request-body.ts";
import { RequestError } from "./request-error.ts";

/** @throws an EdgegradError that says what cannot be used; nothing was stored then */
export const buildFromJson = ({ core, settings }: Builder, name: string, body: Uint8Array): BuiltModel =>
  orMalformed(() => {
    const fields = check(description, parseJson(new TextDecoder().decode(body)), "body");
    return buildFromDescription(core, settings, name, fields);
  });

/** @throws as buildFromJson */
export const buildFromUpload = (
  ...[builder, name, file, url]: [Builder, string, FileSource, string]
): BuiltModel =>
  orMalformed(() => {
    const query = new URL(url).searchParams.get("options");
    const options = query === null ? undefined : parseJson(query);
    if (options !== undefined) check(fileOptions, options, "query");
    return buildFromFile(builder, name, file, options as never);
  });

function orMalformed(build: () => BuiltModel): BuiltModel {
  try {
    return build();
  } catch (error) {
    // A layer's option of a type that the layer did not expect; nothing was stored yet.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new RequestError(422, "model/malformed", "the model's description cannot be used");
  }
}
