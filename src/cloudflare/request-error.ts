// Errors of requests, and what any error becomes as a response.
//
// Place: thrown by router and objects, answered by both. Invariant: an answer is `{ code, message, hint }`: nothing of
// the stack, of storage or of another model; what the client cannot mend is 500 with no more than that.

import { ConfigError, CoreError, EdgegradError, FormatError, ShapeError, StateError } from "../errors.ts";
import { BodyError } from "./request-body.ts";

export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 503;

/** A refusal with a status of its own. */
export class RequestError extends EdgegradError {
  override name = "RequestError";
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, code: string, message: string) {
    super(code, message);
    this.status = status;
  }
}

export const modelNotFound = (name: string): RequestError =>
  new RequestError(404, "model/not-found", `there is no model "${name}"`);

export const modelExists = (name: string): RequestError =>
  new RequestError(409, "model/exists", `there is a model "${name}" already: delete it first`);

export const versionNotKept = (version: number): RequestError =>
  new RequestError(
    404,
    "versions/not-found",
    `version ${version} is not kept: GET …/versions lists those that are`,
  );

const HINTS: Readonly<Record<number, string>> = {
  400: "the forms of bodies and queries stand in GET /openapi.json",
  401: "send the header Authorization: Bearer <token>",
  403: "use a token with the scope that the route asks for",
  404: "GET /models lists the models, GET /openapi.json the routes",
  405: "the header Allow names the methods of this path",
  409: "look at the model's state with GET /models/{name}, then decide",
  413: "send less at a time, or describe a smaller model",
  415: "the content types of each route stand in GET /openapi.json",
  422: "the request was understood but does not fit the model; the message says what would",
  429: "wait a second and send fewer requests at a time",
  500: "the operator finds the cause in the Worker's log",
  503: "nothing is known to be done or lost: repeat the request with the same Idempotency-Key",
};

/** 4xx for what the client can mend, 500 for what it cannot. */
export function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  if (error instanceof BodyError) return 400;
  if (error instanceof StateError) return error.code.startsWith("storage/") ? 500 : 409;
  if (error instanceof ConfigError)
    return error.code.startsWith("settings/") ? 500 : error.code === "plan/too-large" ? 413 : 422;
  if (error instanceof ShapeError || error instanceof FormatError) return 422;
  if (error instanceof CoreError && error.code === "train/not-finite") return 422;
  return 500;
}

/** @param allow methods of the path, for 405 */
export function errorResponse(error: unknown, allow?: string): Response {
  const status = statusOf(error);
  const { code, message } =
    status === 500
      ? { code: "server/internal", message: "the Worker failed to answer" }
      : (error as EdgegradError);
  return Response.json(
    // A message may quote the request; it stays short.
    { code, message: message.length > 500 ? `${message.slice(0, 500)}…` : message, hint: HINTS[status] },
    { status, headers: { "cache-control": "no-store", ...(allow !== undefined && { allow }) } },
  );
}
