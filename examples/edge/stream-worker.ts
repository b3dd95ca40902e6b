// A Worker that streams predictions: rows come in as lines of JSON, and each line is answered while later ones are still
// on their way. Nothing is held but one line.
//
//     POST /models/{name}/stream     [0.1, 0.2, …]\n[…]\n   →   {"y":[…],"version":3}\n…
//
// The model comes from its object (see edgegrad/cloudflare) and is kept while its version is current.

import { type Core, loadCore, type Predictor } from "edgegrad";
import { createRouter, type Env, type RouterContext } from "edgegrad/cloudflare";

export { ModelIndex, TrainerObject } from "edgegrad/cloudflare";

const models = createRouter();
let core: Core | undefined;
const held = new Map<string, { version: string; predictor: Predictor }>();

/** The model's predictor; a token that may not read it gets the router's refusal. */
async function predictorOf(
  name: string,
  request: Request,
  env: Env,
): Promise<Response | { version: string; predictor: Predictor }> {
  const headers = { authorization: request.headers.get("authorization") ?? "" };
  const get = (what: string) =>
    models.fetch(new Request(`http://models/models/${name}/${what}`, { headers }), env);
  const current = await get("version");
  if (!current.ok) return current;
  const version = String(((await current.json()) as { version: number }).version);
  const known = held.get(name);
  if (known?.version === version) return known;
  const file = await get("weights");
  if (!file.ok) return file;
  core ??= await loadCore();
  const predictor = core.predictor(new Uint8Array(await file.arrayBuffer()), { batchSize: 1 });
  known?.predictor.dispose();
  const fresh = { version: file.headers.get("edgegrad-version") ?? version, predictor };
  held.set(name, fresh);
  return fresh;
}

export default {
  async fetch(request: Request, env: Env, ctx: RouterContext): Promise<Response> {
    const name = /^\/models\/([a-z0-9._-]+)\/stream$/.exec(new URL(request.url).pathname)?.[1];
    if (name === undefined || request.method !== "POST" || !request.body)
      return models.fetch(request, env, ctx);
    const found = await predictorOf(name, request, env);
    if (found instanceof Response) return found;
    const { version, predictor } = found;
    const answerTo = (line: string): string => {
      try {
        const y = predictor.predict(JSON.parse(line)) as Float32Array;
        return JSON.stringify({ y: [...y], version: Number(version) });
      } catch (error) {
        // One bad line is answered as such; the stream goes on.
        return JSON.stringify({ error: (error as Error).message });
      }
    };
    let rest = "";
    const lines = new TransformStream<string, string>({
      transform(text, out) {
        const parts = (rest + text).split("\n");
        rest = parts.pop()!;
        for (const line of parts) if (line.trim() !== "") out.enqueue(`${answerTo(line)}\n`);
      },
      flush(out) {
        if (rest.trim() !== "") out.enqueue(`${answerTo(rest)}\n`);
      },
    });
    const body = request.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(lines)
      .pipeThrough(new TextEncoderStream());
    return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
  },
};
