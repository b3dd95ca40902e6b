// The body of `PUT /models/{name}` as a model: a JSON description, or a file with options in the query.
//
// Place: between the object's route and model-record.ts. Invariant: whatever is in the body, an error of a request comes out.

import type { Core } from "../api.ts";
import {
  type BuiltModel,
  buildFromDescription,
  buildFromFile,
  description,
  fileOptions,
} from "./model-record.ts";
import { check, parseJson } from "./request-body.ts";
import { RequestError } from "./request-error.ts";
import type { Settings } from "./settings.ts";

interface ModelBody {
  readonly binary: boolean;
  readonly bytes: Uint8Array;
  readonly url: string;
}

/** @throws an EdgegradError that says what cannot be used; nothing was stored then */
export function buildFromRequest(
  ...[core, settings, name, { binary, bytes, url }]: [Core, Settings, string, ModelBody]
): BuiltModel {
  try {
    if (binary) {
      const query = new URL(url).searchParams.get("options");
      const options = query === null ? undefined : parseJson(query);
      if (options !== undefined) check(fileOptions, options, "query");
      return buildFromFile(core, settings, name, bytes, options as never);
    } else {
      const body = check(description, parseJson(new TextDecoder().decode(bytes)), "body");
      return buildFromDescription(core, settings, name, body);
    }
  } catch (error) {
    // A layer's option of a type that the layer did not expect; nothing was stored yet.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new RequestError(422, "model/malformed", "the model's description cannot be used");
  }
}
