// A page that trains by itself and then hands its training over: the Worker goes on with the checkpoint, bit for bit.
//
// Bundle it (`npx esbuild examples/edge/page.ts --bundle --format=iife --global-name=edge --outfile=page.js`), and name the page's
// origin in EDGEGRAD_CORS_ORIGINS of the Worker. `handOver` is what its button calls.

import { adam, dense, loadCore, sequential, softmaxCrossEntropy } from "edgegrad";
import { EdgegradClient } from "edgegrad/client";
import { drawDigits } from "edgegrad/data";

/** Trains `steps` steps here, puts the checkpoint into the Worker, and lets it learn `more` rows there. */
export async function handOver(options: {
  url: string;
  token: string;
  name: string;
  steps: number;
  more: number;
}) {
  const { url, token, name, steps, more } = options;
  const core = await loadCore();
  const trainer = core.trainer(sequential([784], [dense(32, { activation: "relu" }), dense(10)]), {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 1e-3 }),
    batchSize: 1,
    seed: 7,
  });
  const { x, y } = drawDigits({ count: steps + more, seed: 7 });
  const row = (i: number) => Array.from(x.subarray(i * 784, (i + 1) * 784), (byte) => byte / 255);
  for (let i = 0; i < steps; i++) trainer.step(row(i), [y[i]!]);
  const here = trainer.fingerprint();

  const model = new EdgegradClient({ url, token }).model(name);
  await model.create(trainer.saveCheckpoint());
  const arrived = (await model.inspect()).fingerprint;
  for (let i = steps; i < steps + more; i++) await model.update({ x: [row(i)], y: [y[i]!] });
  const there = (await model.inspect()).fingerprint;

  // What the page would have reached by itself.
  for (let i = steps; i < steps + more; i++) trainer.step(row(i), [y[i]!]);
  return { here, arrived, there, alone: trainer.fingerprint() };
}
