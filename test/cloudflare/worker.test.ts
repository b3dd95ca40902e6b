// The built Worker inside workerd, as a client uses it: train, save, restore, predict.
//
// Runs in the vitest project "workers" alone; routes.test.ts holds the refusals.

import { accuracy, adam, dense, loadCore, sequential, softmaxCrossEntropy } from "edgegrad";
import worker from "edgegrad/cloudflare";
import { expect, test } from "vitest";

async function ask(method: string, path: string, body?: BodyInit) {
  const request = new Request(`http://worker${path}`, { method, ...(body !== undefined && { body }) });
  const response = await worker.fetch(request, {} as never);
  return { status: response.status, response };
}

async function askJson(method: string, path: string, body?: unknown) {
  const { status, response } = await ask(method, path, body === undefined ? undefined : JSON.stringify(body));
  // biome-ignore lint/suspicious/noExplicitAny: the assertions say what it is
  return { status, json: (await response.json()) as any };
}

test("the example trains in workerd, and its checkpoint goes on elsewhere to the same bits", async () => {
  const x = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const y = [[0], [1], [1], [0]];
  const first = await askJson("POST", "/train", { x, y, steps: 300 });
  expect(first.status).toBe(200);
  expect(first.json).toMatchObject({ step: 300, accuracy: 1 });
  const saved = new Uint8Array(await (await ask("GET", "/checkpoint")).response.arrayBuffer());
  const predicted = await askJson("POST", "/predict", { x });

  const core = await loadCore();
  const resumed = core.resume(saved);
  const expected = resumed.predict(x.flat()) as Float32Array;
  expect(Float32Array.from(predicted.json.y.flat())).toEqual(expected);
  for (let i = 0; i < 20; i++) resumed.step(x.flat(), y.flat());
  await askJson("POST", "/train", { x, y, steps: 20 });
  const page = await askJson("GET", "/");
  expect(page.json.model).toMatchObject({ step: 320, fingerprint: resumed.fingerprint() });
});

test("an uploaded model predicts the same bits as its trainer", async () => {
  const core = await loadCore();
  const trainer = core.trainer(sequential([784], [dense(128, { activation: "relu" }), dense(10)]), {
    loss: softmaxCrossEntropy(),
    optimizer: adam(),
    metrics: [accuracy()],
    batchSize: 64,
    seed: 1,
  });
  const upload = await ask("PUT", "/model", trainer.saveModel() as Uint8Array<ArrayBuffer>);
  expect(upload.status).toBe(200);
  const image = Float32Array.from({ length: 784 }, (_, i) => ((i * 7) % 256) / 255);
  const { json } = await askJson("POST", "/predict", { x: [...image] });
  expect(Float32Array.from(json.y[0])).toEqual(trainer.predict(image));
});

test("a refusal in workerd is JSON with a code", async () => {
  const { status, json } = await askJson("POST", "/predict", { x: [[1, 2, 3]] });
  expect([status, json.code]).toEqual([422, "data/length"]);
  const broken = await ask("PUT", "/model", "not a model");
  expect(broken.status).toBe(422);
});
