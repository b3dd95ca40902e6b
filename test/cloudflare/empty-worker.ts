// A Worker that does nothing: what latency and memory are measured over.
//
// Place: bundled by workerd.ts. Invariant: reads the body, as every handler that predicts must.

export class TrainerObject {}
export class ModelIndex {}

export default {
  async fetch(request: Request): Promise<Response> {
    await request.arrayBuffer();
    return Response.json({ ok: true });
  },
};
