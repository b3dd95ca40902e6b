// Random hostile requests over every route: no 5xx, every refusal with a code and a hint, nothing changed by a refusal.
//
// Place: edge.test.ts runs a few hundred, `npm run edge:fuzz` as many as asked. Invariant: requests follow from the seed.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROUTES } from "../../src/cloudflare/route-table.ts";
import { PhiloxStream } from "../../src/data/philox.ts";
import { bytesOf, exampleOf, NETWORK } from "./edge-scenarios.ts";
import { TOKENS, type Workerd } from "./workerd.ts";

export interface FuzzReport {
  readonly requests: number;
  /** Different routes that were asked, and hostile files beside mutated ones. */
  readonly routes: number;
  readonly files: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly broken: readonly string[];
}

const JSON_BODIES: readonly unknown[] = [
  ...[
    "",
    "{",
    "null",
    "[]",
    "{}",
    '"x"',
    "1e999",
    "[[[[[[[[[[[[1]]]]]]]]]]]]",
    '{"__proto__":{"a":1},"x":[1]}',
    "\u0000",
  ],
  ...[
    { x: [[1, 2]] },
    { x: [[null]], y: [0] },
    { x: "a", y: [0] },
    { x: [[1e39, 0, 0, 0, 0, 0, 0, 0]], y: [0] },
  ],
  ...[
    { x: exampleOf(1).x, y: [7] },
    { x: exampleOf(1).x, y: [0.5] },
    { x: exampleOf(1).x, y: [-1] },
    { x: exampleOf(1).x, y: [0, 1] },
  ],
  ...[
    { x: exampleOf(1).x, y: [[0, 1]] },
    { x: { a: [1] }, y: { output: [1] } },
    { x: [], y: [] },
    { x: exampleOf(1, 9).x, y: exampleOf(1, 9).y },
  ],
  ...[
    { epochs: 0 },
    { epochs: 1.5 },
    { epochs: "1" },
    { epochs: 1e9 },
    { version: -1 },
    { version: 99_999 },
    { version: "1" },
  ],
  ...[
    { label: 5 },
    { label: "x".repeat(500) },
    { input: [8], layers: [] },
    { input: [0], layers: [{ op: "dense", units: 3 }] },
  ],
  ...[
    { input: [8], layers: [{ op: "dense", units: 1e9 }] },
    { input: [8], layers: [{ op: "evil" }] },
    { input: [8], layers: [{ op: "dense", units: "3", kernelInitializer: { a: [] } }] },
    {
      input: [8],
      layers: [{ op: "dense", units: 3, kernelInitializer: "toString", activation: "constructor" }],
    },
    { input: [8], layers: [{ op: "dense", units: 3, kernelRegularizer: 7 }] },
    { input: [8], layers: [{ op: "dropout", rate: 5 }] },
    { input: [8], layers: [{ op: "reshape", shape: [3, "a"] }] },
    { input: [8], layers: [{ op: "dense", units: 3 }], loss: "constructor" },
    { input: [8], layers: [{ op: "dense", units: 3 }], loss: { name: "huber", options: { delta: "x" } } },
    { input: [8], layers: [{ op: "dense", units: 3 }], optimizer: { name: "adam", options: { beta1: 2 } } },
    { input: [8], layers: [{ op: "dense", units: 3 }], optimizer: { name: "__proto__" } },
    { input: [8], layers: [{ op: "dense", units: 3 }], metrics: ["valueOf"] },
    { input: [8, null], layers: [{ op: "dense", units: 3 }] },
    { input: [null, 8], layers: [{ op: "simpleRnn", units: 3 }] },
    { graph: {} },
    {
      graph: { inputs: [{ name: "x", shape: [8], dtype: "f32" }], layers: [], calls: [], outputs: { o: 0 } },
    },
    { graph: { inputs: [], layers: [], calls: [{ layer: 0, inputs: [0] }], outputs: {} } },
  ],
];
const NAMES = ["victim", "none", "a".repeat(65), "UPPER", "..", "%2e%2e", "constructor", "-x", "mine"];
const AUTHS = [
  TOKENS.admin,
  TOKENS.admin,
  TOKENS.admin,
  TOKENS.train,
  TOKENS.predict,
  TOKENS.single,
  "wrong-token-0123456789",
  "",
];
const TYPES = ["application/json", "application/x-ndjson", "application/octet-stream", "text/html", ""];

/** Files that break the container's rules, each in one place; with the shared data, its conformance cases too. */
function hostileFiles(): Uint8Array[] {
  const file = (header: string, data = 0): Uint8Array => {
    const json = new TextEncoder().encode(header);
    const bytes = new Uint8Array(8 + json.length + data);
    new DataView(bytes.buffer).setUint32(0, json.length, true);
    bytes.set(json, 8);
    return bytes;
  };
  const entry = (begin: number, end: number) =>
    `{"dtype":"F32","shape":[1],"data_offsets":[${begin},${end}]}`;
  const graph = JSON.stringify({ inputs: [], layers: [{ op: "constructor" }], calls: [], outputs: {} });
  const metadata = (entries: object) => file(JSON.stringify({ __metadata__: entries }));
  const own = [
    ...[new Uint8Array(0), new Uint8Array(8), new Uint8Array(8).fill(255), file("{}"), file("{} {}")],
    ...[file(`{"a":${"[".repeat(1e5)}`), file(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6)],
    ...[file(`{"a":${entry(8, 12)}}`, 12), file(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, 4)],
    file('{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
    file(`{"__proto__":${entry(0, 4)}}`, 4),
    metadata({ "edgegrad.format": "checkpoint/1", "edgegrad.graph": graph, "edgegrad.run": "{}" }),
    metadata({ "edgegrad.format": "checkpoint/9" }),
    metadata({ "edgegrad.format": "model/1", "edgegrad.graph": '{"inputs":' }),
    metadata({ "edgegrad.graph": graph }),
  ];
  const shared = join(process.cwd(), "../shared/conformance/safetensors/cases.json");
  if (!existsSync(shared)) return own;
  const { cases } = JSON.parse(readFileSync(shared, "utf8")) as { cases: { base64: string }[] };
  return [...own, ...cases.map(({ base64 }) => new Uint8Array(Buffer.from(base64, "base64")))];
}

/** Stands in a model that no fuzzed request names: whoever sees it was told of another model. */
const SECRET = "zz-secret-layer";

/** Which of the requests may change the victim: only those that are answered 2xx. */
export async function fuzz(worker: Workerd, requests: number, seed: number): Promise<FuzzReport> {
  await worker.ask("PUT", "/models/other", { input: [2], layers: [{ op: "dense", units: 1, name: SECRET }] });
  const hostile = hostileFiles();
  await worker.ask("PUT", "/models/victim", { ...NETWORK, examples: { capacity: 50 } });
  await worker.ask("POST", "/models/victim/examples", exampleOf(3, 8));
  const files = [
    await bytesOf(worker, "/models/victim/weights"),
    await bytesOf(worker, "/models/victim/checkpoint"),
  ];
  const random = new PhiloxStream(seed);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  const mutate = (source: Uint8Array): Uint8Array => {
    const bytes = source.slice(0, random.below(4) === 0 ? random.below(source.length) : source.length);
    for (let i = random.below(6); i >= 0 && bytes.length > 0; i--)
      bytes[random.below(random.below(2) === 0 ? Math.min(600, bytes.length) : bytes.length)] =
        random.below(256);
    return bytes;
  };
  const statuses: Record<number, number> = {};
  const broken: string[] = [];
  const routes = new Set<string>();
  const stateOf = async () => {
    const { text } = await worker.ask("GET", "/models/victim");
    return text;
  };
  let before = await stateOf();
  for (let i = 0; i < requests; i++) {
    const route = pick(ROUTES);
    const method = random.below(12) === 0 ? pick(["GET", "PUT", "POST", "DELETE", "PATCH"]) : route.method;
    const path = route.path
      .replace("{name}", pick(NAMES))
      .replace("{version}", pick(["1", "0", "x", "999", "-1"]));
    const query =
      random.below(6) === 0
        ? pick([
            "?maxStale=1",
            "?maxStale=x",
            "?maxStale=-1",
            "?options={",
            "?options=[]",
            '?options={"loss":1}',
          ])
        : "";
    const kind = random.below(6);
    const body = kind === 0 ? pick(hostile) : kind < 3 ? mutate(pick(files)) : pick(JSON_BODIES);
    const asFile = body instanceof Uint8Array && random.below(4) > 0;
    const token = pick(AUTHS);
    const headers: Record<string, string> = {
      authorization: token === "" ? "" : `Bearer ${token}`,
      "content-type": asFile ? "application/octet-stream" : pick(TYPES),
      ...(random.below(5) === 0 && { "idempotency-key": pick(["k1", "k2", "k".repeat(200), "a b"]) }),
    };
    const what = `${method} ${path}${query} ${headers["content-type"]} ${body instanceof Uint8Array ? `${body.length} bytes` : JSON.stringify(body)?.slice(0, 120)}`;
    const answer = await worker
      .ask(method, path + query, method === "GET" ? undefined : body, headers)
      .catch((error) => ({ status: 599, json: undefined, text: String(error) }));
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    const refused = answer.status >= 400;
    if (answer.status >= 500) broken.push(`${answer.status} ${what}: ${answer.text.slice(0, 200)}`);
    else if (refused && (!answer.json?.code || !answer.json?.hint || !answer.json?.message))
      broken.push(`no code: ${answer.status} ${what}: ${answer.text.slice(0, 200)}`);
    else if (refused && /\n\s+at |\.ts:|sqlite/i.test(answer.text))
      broken.push(`leak: ${what}: ${answer.text}`);
    if (answer.text.includes(SECRET)) broken.push(`another model's data: ${what}`);
    routes.add(`${route.method} ${route.path}`);
    const state = await stateOf();
    const running = (text: string) => text.includes('"run":"running"');
    if (refused && state !== before && !running(before) && !running(state)) broken.push(`changed: ${what}`);
    before = state;
    if (before.includes("model/not-found")) {
      await worker.ask("PUT", "/models/victim", { ...NETWORK, examples: { capacity: 50 } });
      before = await stateOf();
    }
  }
  return { requests, routes: routes.size, files: hostile.length, statuses, broken };
}
