// Copies of models in KV and R2 (the simulators of Cloudflare's own runtime): who is asked, and how old an answer may be.
//
// Runs in the vitest project "workers" alone.

// @ts-expect-error: a module of the test runner
import { env } from "cloudflare:test";
import { dense, loadCore, mse, sequential, sgd } from "edgegrad";
import { createRouter } from "edgegrad/cloudflare";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bodyOf } from "../../src/client/rows.ts";

// biome-ignore lint/suspicious/noExplicitAny: the bindings of vitest.config.ts
const { EDGEGRAD_KV, EDGEGRAD_R2 } = env as any;
const core = await loadCore();

/** An object that counts what it is asked; `columns` makes its file large. */
function fakeObject(columns: number) {
  const trainer = core.trainer(sequential([columns], [dense(4)]), {
    loss: mse(),
    optimizer: sgd(),
    batchSize: 1,
  });
  const asked: string[] = [];
  const uid = crypto.randomUUID();
  const object = {
    version: 1,
    asked,
    trainer,
    async fetch(request: Request): Promise<Response> {
      const what = new URL(request.url).pathname.split("/").at(-1)!;
      asked.push(what);
      if (request.method === "DELETE") return Response.json({});
      if (what === "predict") return Response.json({ version: object.version, from: "object" });
      if (what === "version") return Response.json({ uid, version: object.version, timeSteps: 1 });
      return new Response(trainer.saveModel() as Uint8Array<ArrayBuffer>, {
        headers: { "edgegrad-current": JSON.stringify({ uid, version: object.version, timeSteps: 1 }) },
      });
    },
  };
  return object;
}

const TOKEN = "copies-token-0123456789";

function worker(
  object: ReturnType<typeof fakeObject>,
  stores: object,
  { basePath = "", context = true, lossy = false } = {},
) {
  // A router of its own and a name of its own: as another isolate would have none of the copies.
  const work: Promise<unknown>[] = [];
  const bindings = {
    TRAINER: { idFromName: (name: string) => name, get: () => object },
    INDEX: { idFromName: (name: string) => name, get: () => ({ fetch: async () => Response.json({}) }) },
    EDGEGRAD_TOKENS: JSON.stringify([{ token: TOKEN, scopes: ["admin"] }]),
    EDGEGRAD_RATE: "0",
    EDGEGRAD_LOG: "off",
    ...stores,
  };
  const router = createRouter({ basePath });
  const send = async (method: string, path: string, body?: unknown) => {
    const bytes = body instanceof Uint8Array;
    const type = bytes ? "application/octet-stream" : "application/json";
    const request = new Request(`http://worker${basePath}/models/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": type },
      ...(body !== undefined && { body: bytes ? (body as BodyInit) : JSON.stringify(body) }),
    });
    const ctx = context ? { waitUntil: (p: Promise<unknown>) => lossy || work.push(p) } : undefined;
    const response = await router.fetch(request, bindings as never, ctx);
    await Promise.all(work);
    // biome-ignore lint/suspicious/noExplicitAny: the assertions say what it is
    return (await response.json()) as any;
  };
  return {
    send,
    predict: (name: string, maxStale: number, columns: number) =>
      send("POST", `${name}/predict?maxStale=${maxStale}`, { x: [new Array(columns).fill(0.5)] }),
    remove: (name: string) => send("DELETE", name),
  };
}

let now = 1_800_000_000_000;
beforeEach(() => {
  vi.spyOn(Date, "now").mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

test("KV holds the file and who is current: the object is asked once in maxStale seconds", async () => {
  const object = fakeObject(8);
  const first = worker(object, { EDGEGRAD_KV });
  const a = await first.predict("small", 10, 8);
  expect(a.version).toBe(1);
  expect(object.asked).toEqual(["version", "weights"]);
  const keys = (await EDGEGRAD_KV.list({ prefix: "edgegrad/small/" })).keys.map(
    ({ name }: { name: string }) => name,
  );
  expect(keys).toHaveLength(2);

  now += 9_000;
  object.version = 2;
  object.trainer.step(new Float32Array(8).fill(1), [1, 1, 1, 1]);
  expect((await first.predict("small", 10, 8)).version).toBe(1);
  now += 1_001;
  const b = await first.predict("small", 10, 8);
  expect(b.version).toBe(2);
  expect(b.y).not.toEqual(a.y);
  expect(object.asked).toEqual(["version", "weights", "version", "weights"]);
  await first.remove("small");
  expect((await EDGEGRAD_KV.list({ prefix: "edgegrad/small/" })).keys).toEqual([]);
});

test("a note that is older than asked for is not believed, however fresh KV says it is", async () => {
  const object = fakeObject(8);
  const note = { uid: "gone", version: 7, timeSteps: 1, checked: now - 11_000 };
  await EDGEGRAD_KV.put("edgegrad/late/current", JSON.stringify(note));
  expect((await worker(object, { EDGEGRAD_KV }).predict("late", 10, 8)).version).toBe(1);
  // Nor one from the future, which a wrong clock may write.
  await EDGEGRAD_KV.put("edgegrad/soon/current", JSON.stringify({ ...note, checked: now + 60_000 }));
  expect((await worker(object, { EDGEGRAD_KV }).predict("soon", 10, 8)).version).toBe(1);
});

test("without stores the object answers the first question, the file comes behind it, then only the version", async () => {
  const object = fakeObject(8);
  const alone = worker(object, {});
  expect(await alone.predict("alone", 10, 8)).toEqual({ version: 1, from: "object" });
  expect((await alone.predict("alone", 10, 8)).y).toHaveLength(1);
  expect(object.asked).toEqual(["predict", "weights"]);
  now += 10_001;
  expect((await alone.predict("alone", 10, 8)).version).toBe(1);
  now += 10_001;
  object.version = 2;
  expect((await alone.predict("alone", 10, 8)).version).toBe(2);
  expect(object.asked).toEqual(["predict", "weights", "version", "version", "weights"]);
});

test("the object answers while a copy is on its way, and a copy that did not come is asked for again", async () => {
  const object = fakeObject(8);
  const { fetch } = object;
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  let broken = true;
  object.fetch = async (request) => {
    const answer = await fetch(request);
    if (!request.url.endsWith("/weights")) return answer;
    await arrived;
    return broken ? new Response("not a file", { headers: answer.headers }) : answer;
  };
  const alone = worker(object, {});
  const first = alone.predict("slow", 10, 8);
  // Its answer waits here for the work behind it; the next one does not.
  await vi.waitFor(() => expect(object.asked).toEqual(["predict", "weights"]));
  const second = alone.predict("slow", 10, 8);
  await vi.waitFor(() => expect(object.asked).toEqual(["predict", "weights", "predict"]));
  arrive();
  expect([(await first).from, (await second).from]).toEqual(["object", "object"]);
  expect((await alone.predict("slow", 10, 8)).code).toMatch(/^safetensors\//);
  broken = false;
  expect((await alone.predict("slow", 10, 8)).y).toHaveLength(1);
});

test("another isolate answers from the stores without asking the object", async () => {
  const object = fakeObject(8);
  await worker(object, { EDGEGRAD_KV }).predict("shared", 10, 8);
  const note = await EDGEGRAD_KV.get("edgegrad/shared/current", "json");
  const file = await EDGEGRAD_KV.get(`edgegrad/shared/${note.uid}/1`, "arrayBuffer");
  // Under a name that this isolate has no copy of.
  await EDGEGRAD_KV.put("edgegrad/elsewhere/current", JSON.stringify(note));
  await EDGEGRAD_KV.put(`edgegrad/elsewhere/${note.uid}/1`, file);
  const before = object.asked.length;
  const answer = await worker(object, { EDGEGRAD_KV }).predict("elsewhere", 10, 8);
  expect([answer.version, object.asked.length]).toEqual([1, before]);
});

test("large models go to R2, which keeps the newest version alone", async () => {
  const columns = 70_000;
  const object = fakeObject(columns);
  const stores = worker(object, { EDGEGRAD_KV, EDGEGRAD_R2 });
  await stores.predict("large", 10, columns);
  const keys = async () =>
    (await EDGEGRAD_R2.list({ prefix: "edgegrad/large/" })).objects.map(({ key }: { key: string }) => key);
  expect(await keys()).toHaveLength(1);
  now += 10_001;
  object.version = 2;
  expect((await stores.predict("large", 10, columns)).version).toBe(2);
  expect((await keys()).map((key: string) => key.endsWith("/2"))).toEqual([true]);
  await stores.remove("large");
  expect(await keys()).toEqual([]);
});

/** Its predictions are refused. */
function refusingObject(status: number, code: string) {
  const object = fakeObject(8);
  const { fetch } = object;
  object.fetch = async (request) => {
    const answer = await fetch(request);
    return request.url.endsWith("/predict") ? Response.json({ code }, { status }) : answer;
  };
  return object;
}

test("rows that are too many for the object the copy answers", async () => {
  const object = refusingObject(413, "request/work");
  expect((await worker(object, {}).predict("busy", 10, 8)).y).toHaveLength(1);
  expect(object.asked).toEqual(["predict", "weights"]);
});

test("other refusals of the object are the answer, and bring no copy", async () => {
  const object = refusingObject(404, "models/not-found");
  const alone = worker(object, {});
  for (let i = 0; i < 2; i++) expect((await alone.predict("none", 10, 8)).code).toBe("models/not-found");
  expect(object.asked).toEqual(["predict", "predict"]);
});

test("a model that is too large to be copied is answered by the object, and sent for once", async () => {
  const object = fakeObject(8);
  const { fetch } = object;
  object.fetch = async (request) => {
    const answer = await fetch(request);
    // As if it were: a claimed length above the limit is refused unread.
    if (request.url.endsWith("/weights")) answer.headers.set("content-length", "50000000");
    return answer;
  };
  const alone = worker(object, {});
  for (let i = 0; i < 3; i++) expect((await alone.predict("huge", 10, 8)).from).toBe("object");
  expect(object.asked).toEqual(["predict", "weights", "predict", "predict"]);
});

test("a copy that is lost on its way is waited for after 30 seconds", async () => {
  const object = fakeObject(8);
  const { fetch } = object;
  object.fetch = async (request) => {
    const answer = await fetch(request);
    const first = object.asked.filter((what) => what === "weights").length === 1;
    return first && request.url.endsWith("/weights") ? new Promise<Response>(() => {}) : answer;
  };
  const alone = worker(object, {}, { lossy: true });
  expect((await alone.predict("lost", 60, 8)).from).toBe("object");
  await vi.waitFor(() => expect(object.asked).toEqual(["predict", "weights"]));
  now += 29_999;
  expect((await alone.predict("lost", 60, 8)).from).toBe("object");
  now += 1;
  expect((await alone.predict("lost", 60, 8)).y).toHaveLength(1);
  expect(object.asked).toEqual(["predict", "weights", "predict", "weights"]);
});

test("without the runtime's context the first question waits for the copy", async () => {
  const object = fakeObject(8);
  const alone = worker(object, {}, { context: false });
  expect((await alone.predict("bare", 10, 8)).y).toHaveLength(1);
  expect(object.asked).toEqual(["weights"]);
});

test("the object is asked with what the client sent, below any mount", async () => {
  const object = fakeObject(8);
  const { fetch } = object;
  const seen: [string, string | null, number][] = [];
  object.fetch = async (request) => {
    const copy = request.clone();
    const { pathname } = new URL(copy.url);
    seen.push([pathname, copy.headers.get("content-type"), (await copy.arrayBuffer()).byteLength]);
    return fetch(request);
  };
  const mounted = worker(object, {}, { basePath: "/ml" });
  expect((await mounted.predict("mounted", 10, 8)).from).toBe("object");
  const typed = bodyOf({ x: new Float32Array(8) }) as Uint8Array;
  await mounted.send("POST", "typed/predict?maxStale=10", typed);
  const json = JSON.stringify({ x: [new Array(8).fill(0.5)] });
  expect(seen.filter(([path]) => path.endsWith("/predict"))).toEqual([
    ["/models/mounted/predict", "application/json", json.length],
    ["/models/typed/predict", "application/octet-stream", typed.length],
  ]);
});
