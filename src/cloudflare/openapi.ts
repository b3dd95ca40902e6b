// The OpenAPI 3.1 description, made from the route table.
//
// Place: answers GET /openapi.json. Invariant: every route of the table is in it, and no other.

import { ROUTES, type Route } from "./route-table.ts";

type Schema = Readonly<Record<string, unknown>>;

const number = { type: "number" };
const text = { type: "string" };
const flag = { type: "boolean" };
const whole = { type: "integer", minimum: 0 };
const object = (properties: Schema, required: readonly string[] = []): Schema => ({
  ...{ type: "object", properties, required },
});
const listOf = (items: Schema): Schema => ({ type: "array", items });
const rows: Schema = { description: "Rows of numbers, or an object of such arrays by name." };
const inputs = { x: rows, lengths: listOf(whole) };
const outputs = { y: rows, argmax: {}, version: whole };
const store = { seen: whole, count: whole, capacity: whole, policy: text, appended: whole };

const SCHEMAS: Readonly<Record<string, Schema>> = {
  Error: object({ code: text, message: text, hint: text }, ["code", "message", "hint"]),
  NewModel: {
    ...object({
      input: listOf({ type: ["integer", "null"] }),
      inputType: { enum: ["f32", "i32"] },
      layers: listOf(object({ op: text, name: text }, ["op"])),
      graph: { description: "Instead of input and layers: a semantic graph as model files hold it." },
      loss: {
        description: "A name, { name, options, weight }, or one of these by output; default by the output.",
      },
      optimizer: object({ name: text, options: object({}) }, ["name"]),
      metrics: listOf(text),
      ...{ batchSize: whole, timeSteps: whole, seed: whole, freeze: listOf(text), snapshotEvery: whole },
      examples: object({ capacity: whole, policy: { enum: ["reservoir", "window"] } }),
    }),
    description: "As application/octet-stream: a model file, with the other fields as JSON in ?options=.",
  },
  Model: object({ name: text, version: whole, step: whole, fingerprint: text, plan: object({}) }),
  ModelList: object({ models: listOf(object({ name: text, ready: flag })) }),
  Version: object({ uid: text, version: whole }),
  Versions: object({
    current: whole,
    versions: listOf(object({ version: whole, label: text, source: text })),
  }),
  Label: object({ label: text }),
  Rollback: object({ version: whole }, ["version"]),
  Inputs: object(inputs, ["x"]),
  Prediction: object(outputs),
  Examples: object({ ...inputs, y: rows, sampleWeights: listOf(number) }, ["x", "y"]),
  Update: object({ ...outputs, report: object({ loss: number }) }),
  Store: object(store),
  StartRun: object({ epochs: whole, shuffle: flag }, ["epochs"]),
  Run: object({
    state: text,
    epochs: whole,
    epoch: whole,
    position: whole,
    rows: whole,
    steps: whole,
    loss: number,
  }),
};

const BYTES = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };

function contentOf(name: string): Schema {
  if (name === "bytes") return BYTES;
  if (name === "events") return { "text/event-stream": { schema: text } };
  const json = { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
  if (name === "Examples") return { ...json, ...BYTES, "application/x-ndjson": { schema: text } };
  return name === "Inputs" || name === "NewModel" ? { ...json, ...BYTES } : json;
}

function operation(route: Route): Schema {
  const { path, scope, summary, takes, gives, query = [], once } = route;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: text,
    })),
    ...query.map((name) => ({ name, in: "query", schema: text })),
    ...(once ? [{ name: "Idempotency-Key", in: "header", schema: { ...text, maxLength: 128 } }] : []),
  ];
  return {
    ...{ summary, parameters },
    ...(scope !== "open" && { security: [{ bearer: [] }], description: `Scope: ${scope}.` }),
    ...(takes !== undefined && { requestBody: { content: contentOf(takes) } }),
    responses: {
      "2XX": { description: "Done.", ...(gives !== undefined && { content: contentOf(gives) }) },
      "4XX": { description: "Refused; nothing was changed.", content: contentOf("Error") },
    },
  };
}

export function openApi(basePath: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of ROUTES) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "edgegrad", version: "1", description: "Models that learn on Cloudflare Workers." },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    components: { schemas: SCHEMAS, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    paths,
  };
}
