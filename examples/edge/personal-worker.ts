// A Worker that learns every user's taste: one base network for all, and a fine-tuned head of each user's own, in an
// object of its own.
//
//     PUT  /base                 a model file whose layers up to the head are called base…
//     POST /users/{id}/learn     { "x": [[…]], "y": [label] }: predicts, then learns
//     POST /users/{id}/predict   { "x": [[…]] }: by the user's own head, or the base until there is one
//
// Deploy it with the bindings of wrangler.toml and two secrets: EDGEGRAD_TOKENS, and SERVICE_TOKEN, the admin token among
// them. Who a user is, is your Worker's to check: see `userOf`.

import { createRouter, type Env, type RouterContext } from "edgegrad/cloudflare";

export { ModelIndex, TrainerObject } from "edgegrad/cloudflare";

type Settings = Env & { readonly SERVICE_TOKEN: string };

const models = createRouter({ basePath: "/ml" });

/** What a head learns with. The base stays as it is: no gradients, no optimizer state, and the object stays small. */
const HEAD = {
  loss: "softmaxCrossEntropy",
  optimizer: { name: "sgd", options: { learningRate: 0.1 } },
  batchSize: 1,
  freeze: ["base*"],
};

/** Put your session's check here: who asks must be who the path names. */
function userOf(path: string): { user: string; action: string } | undefined {
  const [, user, action] = /^\/users\/([a-z0-9-]{1,40})\/(learn|predict)$/.exec(path) ?? [];
  return user === undefined ? undefined : { user, action: action! };
}

export default {
  async fetch(request: Request, env: Settings, ctx: RouterContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    const ask = (method: string, path: string, body?: BodyInit | null, type = "application/json") =>
      models.fetch(
        new Request(`http://models/ml/models/${path}`, {
          method,
          headers: { authorization: `Bearer ${env.SERVICE_TOKEN}`, "content-type": type },
          ...(body != null && { body }),
        }),
        env,
        ctx,
      );
    if (pathname.startsWith("/ml/")) return models.fetch(request, env, ctx);
    // Under the token of whoever sends it: the router compares it.
    if (pathname === "/base" && request.method === "PUT")
      return models.fetch(new Request("http://models/ml/models/base", request), env, ctx);
    const asked = userOf(pathname);
    if (!asked || request.method !== "POST") return new Response("not here", { status: 404 });
    const body = await request.text();
    const own = `user-${asked.user}`;
    if (asked.action === "predict") {
      const answer = await ask("POST", `${own}/predict`, body);
      return answer.status === 404 ? ask("POST", "base/predict", body) : answer;
    }
    const answer = await ask("POST", `${own}/updates`, body);
    if (answer.status !== 404) return answer;
    // The user's first example: a head that begins as the base's.
    const file = await (await ask("GET", "base/weights")).arrayBuffer();
    const made = await ask(
      ...(["PUT", `${own}?options=${encodeURIComponent(JSON.stringify(HEAD))}`, file] as const),
      "application/octet-stream",
    );
    // Another request may have made it meanwhile.
    return made.ok || made.status === 409 ? ask("POST", `${own}/updates`, body) : made;
  },
};
