// The Worker's routes, asked as a client would: answers, refusals, and what a refusal leaves untouched.
//
// The routes get the core of this host; worker.test.ts asks the built Worker inside workerd.

import { describe, expect, test } from "vitest";
import { MAX_JSON_BYTES, MAX_PLAN_BYTES } from "../../src/cloudflare/demo/limits.ts";
import { createRoutes } from "../../src/cloudflare/demo/routes.ts";
import {
  accuracy,
  adam,
  dense,
  embedding,
  functional,
  loadCore,
  mse,
  sequential,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
} from "../../src/platform/default.ts";

const core = await loadCore();
const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [[0], [1], [1], [0]],
};

function startWorker() {
  const app = createRoutes(() => loadCore({ maxBytes: MAX_PLAN_BYTES }));
  const send = async (method: string, path: string, body?: BodyInit) => {
    const response = await app.request(path, { method, ...(body !== undefined && { body }) });
    const text = response.headers.get("content-type")?.includes("json") ? await response.text() : "";
    return { status: response.status, response, json: text ? JSON.parse(text) : undefined };
  };
  return {
    get: (path: string) => send("GET", path),
    put: (path: string, bytes: Uint8Array) => send("PUT", path, bytes as Uint8Array<ArrayBuffer>),
    post: (path: string, body: unknown) =>
      send("POST", path, typeof body === "string" ? body : JSON.stringify(body)),
    bytes: async (path: string) => new Uint8Array(await (await app.request(path)).arrayBuffer()),
    send,
  };
}

const classifier = sequential([3], [dense(5, { activation: "relu" }), dense(4)]);
const classifierTrainer = () =>
  core.trainer(classifier, {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
    metrics: [accuracy()],
    batchSize: 8,
    seed: 7,
  });

describe("the example", () => {
  test("works at once and learns XOR", async () => {
    const worker = startWorker();
    const { json: page } = await worker.get("/");
    expect(page.model).toMatchObject({
      inputs: { x: [2] },
      outputs: { output: "[N, 1]" },
      parameters: 33,
      step: 0,
    });
    const first = await worker.post("/train", xor);
    expect(first.status).toBe(200);
    expect(first.json.step).toBe(1);
    const last = await worker.post("/train", { ...xor, steps: 500 });
    expect(last.json.step).toBe(501);
    expect(last.json.accuracy).toBe(1);
    expect(last.json.loss).toBeLessThan(first.json.loss / 10);
    const { json } = await worker.post("/predict", { x: xor.x });
    expect(json.y.map(([logit]: [number]) => (logit > 0 ? 1 : 0))).toEqual([0, 1, 1, 0]);
    expect(json.argmax).toEqual([0, 0, 0, 0]);
  });

  test("says that it lives", async () => {
    const { status, json } = await startWorker().get("/health");
    expect([status, json]).toEqual([200, { ok: true }]);
  });
});

describe("an uploaded model", () => {
  const x = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));

  test("predicts what its trainer predicts, bit for bit, from nested and from flat rows", async () => {
    const trainer = classifierTrainer();
    const worker = startWorker();
    const upload = await worker.put("/model", trainer.saveModel());
    expect(upload.status).toBe(200);
    expect(upload.json).toMatchObject({
      layers: ["0: dense", "1: dense"],
      parameters: 44,
      fingerprint: trainer.fingerprint(),
    });
    const expected = trainer.predict(x) as Float32Array;
    const flat = await worker.post("/predict", { x: [...x] });
    expect(Float32Array.from(flat.json.y.flat())).toEqual(expected);
    const nested = await worker.post("/predict", {
      x: [0, 1, 2, 3, 4].map((r) => [...x.slice(3 * r, 3 * r + 3)]),
    });
    expect(nested.json).toEqual(flat.json);
    const rows = [0, 1, 2, 3, 4].map((r) => [...expected.slice(4 * r, 4 * r + 4)]);
    expect(flat.json.argmax).toEqual(rows.map((row) => row.indexOf(Math.max(...row))));
  });

  test("takes labels, weighs rows, and gives its file back", async () => {
    const worker = startWorker();
    await worker.put("/model?learningRate=0.05&batchSize=5&seed=3", classifierTrainer().saveModel());
    const y = [0, 1, 2, 3, 0];
    const { json } = await worker.post("/train", {
      x: [...x],
      y,
      sampleWeights: [1, 1, 1, 1, 0],
      steps: 300,
    });
    expect(json.accuracy).toBeGreaterThanOrEqual(0.8);
    const file = await worker.bytes("/model");
    const { json: page } = await worker.get("/");
    const predictor = core.predictor(file);
    expect(predictor.fingerprint()).toBe(page.model.fingerprint);
  });

  test("of one output value is a regression unless the upload says otherwise", async () => {
    const model = sequential([2], [dense(1)]);
    const bytes = core.trainer(model, { loss: mse(), optimizer: sgd(), seed: 2 }).saveModel();
    const worker = startWorker();
    await worker.put("/model", bytes);
    const plain = await worker.post("/train", { x: [[1, 2]], y: [[5]] });
    const trainer = core.trainer(model, { loss: mse(), optimizer: adam(), seed: 2 });
    expect(plain.json.loss).toBe(trainer.step([1, 2], [5]).loss);
    await worker.put("/model?loss=mae", bytes);
    const absolute = await worker.post("/train", { x: [[1, 2]], y: [[5]] });
    expect(absolute.json.loss).toBeCloseTo(Math.sqrt(plain.json.loss), 6);
  });

  test("may have several inputs and outputs", async () => {
    const model = functional({ a: [2], b: [3] }, ({ a, b }) => ({ p: dense(2)(a), q: dense(1)(b) }));
    const bytes = core.trainer(model, { loss: { p: mse(), q: mse() }, optimizer: sgd() }).saveModel();
    const worker = startWorker();
    await worker.put("/model?loss=mse", bytes);
    const x = {
      a: [
        [1, 2],
        [3, 4],
      ],
      b: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    };
    const { json } = await worker.post("/predict", { x });
    expect([json.y.p.length, json.y.p[0].length, json.y.q.length, json.y.q[0].length]).toEqual([2, 2, 2, 1]);
    const trained = await worker.post("/train", {
      x,
      y: {
        p: [
          [0, 0],
          [0, 0],
        ],
        q: [[0], [0]],
      },
    });
    expect(trained.json.step).toBe(1);
    expect((await worker.post("/predict", { x: { ...x, c: [1, 2] } })).json.code).toBe("data/unknown");
  });

  test("may have a time that varies", async () => {
    const model = sequential([null, 2], [simpleRnn(3)]);
    const trainer = core.trainer(model, { loss: mse(), optimizer: sgd(), timeSteps: 5 });
    const worker = startWorker();
    expect((await worker.put("/model?loss=mse", trainer.saveModel())).json.code).toBe("config/timeSteps");
    await worker.put("/model?loss=mse&timeSteps=5", trainer.saveModel());
    const rows = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ];
    const { json } = await worker.post("/predict", { x: rows });
    const lengths = [2, 2];
    expect(Float32Array.from(json.y.flat())).toEqual(trainer.predict(rows.flat(2), { lengths }));
    const shorter = await worker.post("/predict", { x: rows, lengths: [1, 2] });
    expect(Float32Array.from(shorter.json.y.flat())).toEqual(
      trainer.predict(rows.flat(2), { lengths: [1, 2] }),
    );
  });
});

describe("a checkpoint", () => {
  test("goes on where it was saved, bit for bit", async () => {
    const trainer = classifierTrainer();
    const [x, y] = [
      [1, 2, 3, 4, 5, 6],
      [1, 3],
    ];
    for (let i = 0; i < 5; i++) trainer.step(x, y);
    const worker = startWorker();
    const upload = await worker.put("/model", trainer.saveCheckpoint());
    expect(upload.json).toMatchObject({ step: 5, batchSize: 8, fingerprint: trainer.fingerprint() });
    for (let i = 0; i < 5; i++) trainer.step(x, y);
    await worker.post("/train", { x, y, steps: 5 });
    const resumed = core.resume(await worker.bytes("/checkpoint"));
    expect([resumed.steps, resumed.fingerprint()]).toEqual([10, trainer.fingerprint()]);
  });

  test("brings its options along", async () => {
    const { status, json } = await startWorker().put("/model?loss=mse", classifierTrainer().saveCheckpoint());
    expect([status, json.code]).toEqual([422, "serve/fixed"]);
  });
});

describe("a refused request", () => {
  const cases: readonly [string, string, string, unknown, number, string][] = [
    ["no JSON", "POST", "/predict", "{", 400, "request/json"],
    ["an empty body", "POST", "/predict", "", 400, "request/json"],
    ["no x", "POST", "/predict", {}, 400, "request/body"],
    ["x of text", "POST", "/predict", { x: "abc" }, 400, "request/body"],
    ["an unknown field", "POST", "/predict", { x: [0, 1], z: 1 }, 400, "request/body"],
    ["no y", "POST", "/train", { x: [0, 1] }, 400, "request/body"],
    ["half a step", "POST", "/train", { ...xor, steps: 0.5 }, 400, "request/body"],
    ["no step", "POST", "/train", { ...xor, steps: 0 }, 400, "request/body"],
    ["an x that is empty", "POST", "/predict", { x: [] }, 422, "data/empty"],
    ["half a row", "POST", "/predict", { x: [1, 2, 3] }, 422, "data/length"],
    [
      "rows of another length",
      "POST",
      "/predict",
      {
        x: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      422,
      "data/length",
    ],
    ["rows of different lengths", "POST", "/predict", { x: [[1, 2], [3]] }, 422, "request/ragged"],
    ["rows among numbers", "POST", "/predict", { x: [[1, 2], 3] }, 422, "request/ragged"],
    ["deep nesting", "POST", "/predict", { x: [[[[[[[[[[1, 2]]]]]]]]]] }, 422, "request/depth"],
    ["a number beyond f32", "POST", "/predict", '{"x":[[0,1e39]]}', 422, "data/not-finite"],
    ["null", "POST", "/predict", { x: [[0, null]] }, 422, "data/not-finite"],
    [
      "more rows than a step takes",
      "POST",
      "/train",
      { x: Array(10).fill(0), y: Array(5).fill(0) },
      422,
      "step/rows",
    ],
    ["fewer targets than rows", "POST", "/train", { x: xor.x, y: [[0]] }, 422, "data/rows"],
    ["targets of another width", "POST", "/train", { x: xor.x.slice(0, 2), y: [[0, 1]] }, 422, "data/rows"],
    ["lengths without time", "POST", "/predict", { x: [[0, 1]], lengths: [1] }, 422, "data/lengths"],
    ["another path", "GET", "/nothing", undefined, 404, "request/not-found"],
    ["another method", "GET", "/predict", undefined, 405, "request/method"],
    ["too long a body", "POST", "/predict", "x".repeat(MAX_JSON_BYTES + 1), 413, "request/too-large"],
    ["an unknown option", "PUT", "/model?speed=9", "", 400, "request/query"],
    ["an option that is no number", "PUT", "/model?batchSize=many", "", 400, "request/query"],
    ["no file", "PUT", "/model", "", 422, "safetensors/truncated"],
  ];

  test.each(cases)("with %s is answered by a code", async (_, method, path, body, status, code) => {
    const worker = startWorker();
    const before = (await worker.get("/")).json.model;
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const answer = await worker.send(method, path, text);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(Object.keys(answer.json)).toEqual(["code", "message"]);
    expect(answer.json.message).not.toMatch(/\n|\.ts|at .*:\d+/);
    expect((await worker.get("/")).json.model).toEqual(before);
  });

  test("names the methods that a path takes", async () => {
    const { response } = await startWorker().send("DELETE", "/model");
    expect(response.headers.get("allow")).toBe("GET, PUT");
  });

  test("with a damaged file leaves the model in place", async () => {
    const worker = startWorker();
    const before = (await worker.get("/")).json.model;
    const file = classifierTrainer().saveModel();
    const flipped = file.slice();
    flipped[flipped.length - 3]! ^= 1;
    for (const bytes of [file.subarray(0, file.length - 1), flipped, new Uint8Array(100)]) {
      const { status, json } = await worker.put("/model", bytes);
      expect(status).toBe(422);
      expect(json.code).toMatch(/^(model|safetensors)\//);
    }
    expect((await worker.get("/")).json.model).toEqual(before);
  });

  test("with a model over the memory of an isolate is too large", async () => {
    const wide = sequential({ shape: [1], dtype: "i32" }, [embedding(40_000, 60)]);
    const bytes = core.trainer(wide, { loss: mse(), optimizer: sgd(), batchSize: 1 }).saveModel();
    expect(bytes.length).toBeLessThan(12e6);
    const { status, json } = await startWorker().put("/model?loss=mse", bytes);
    expect([status, json.code]).toEqual([413, "plan/too-large"]);
  });

  test("for more work than a request may cost says how much is allowed", async () => {
    const big = sequential([1000], [dense(1000), dense(1)]);
    const bytes = core.trainer(big, { loss: mse(), optimizer: sgd(), batchSize: 1 }).saveModel();
    const worker = startWorker();
    await worker.put("/model", bytes);
    const body = { x: Array(1000).fill(0), y: [0], steps: 1000 };
    const { status, json } = await worker.post("/train", body);
    expect([status, json.code]).toEqual([422, "serve/work"]);
  });

  test("with training that diverges changes nothing", async () => {
    const bytes = core.trainer(sequential([1], [dense(1)]), { loss: mse(), optimizer: sgd() }).saveModel();
    const worker = startWorker();
    const { json: before } = await worker.put("/model", bytes);
    const { status, json } = await worker.post("/train", { x: [[3e38]], y: [[-3e38]] });
    expect([status, json.code]).toEqual([422, "train/not-finite"]);
    expect((await worker.get("/")).json.model).toEqual(before);
  });

  test("with labels outside the classes names the row", async () => {
    const worker = startWorker();
    await worker.put("/model", classifierTrainer().saveModel());
    const { status, json } = await worker.post("/train", { x: [1, 2, 3, 4, 5, 6], y: [0, 4] });
    expect([status, json.code]).toEqual([422, "data/index"]);
    expect(json.message).toContain("row 1");
  });
});

test("a failure inside is told to the log, not to the client", async () => {
  const logged: unknown[] = [];
  const { error } = console;
  console.error = (...args) => logged.push(...args);
  try {
    const app = createRoutes(() => Promise.reject(new Error("secret detail")));
    const response = await app.request("/");
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      code: "server/internal",
      message: "the Worker failed to answer; see its log",
    });
    expect(String(logged[0])).toContain("secret detail");
  } finally {
    console.error = error;
  }
});
