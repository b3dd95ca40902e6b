// Runs an experiment for several seeds and prints each result and the mean: how this project states an accuracy.

import { parseArgs } from "node:util";

/** Options of every example: `--data DIR --seeds 1,2 --epochs N --rows N --choose`. */
export function exampleOptions(defaults) {
  const text = { type: "string" };
  const { values } = parseArgs({
    options: { data: text, seeds: text, epochs: text, rows: text, rate: text, choose: { type: "boolean" } },
  });
  const number = (name) => (values[name] === undefined ? defaults[name] : Number(values[name]));
  return {
    data: values.data ?? defaults.data,
    seeds: (values.seeds ?? "1,2,3,4,5").split(",").map(Number),
    epochs: number("epochs"),
    rows: number("rows"),
    rate: number("rate"),
    choose: values.choose ?? false,
  };
}

/** Seconds of processor time that `run` takes; the clock would count what other programs do. */
export async function seconds(run) {
  const before = process.cpuUsage();
  const value = await run();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}

/** Prints `experiment(seed)` for each seed, and the mean. Gives the mean. */
export async function printSeeds(seeds, what, experiment) {
  let sum = 0;
  for (const seed of seeds) {
    const { value, seconds: taken } = await seconds(() => experiment(seed));
    sum += value;
    console.log(`seed ${seed}: ${what} ${value.toFixed(4)} · ${taken.toFixed(1)} s of processor time`);
  }
  console.log(`mean of ${seeds.length} seeds: ${what} ${(sum / seeds.length).toFixed(4)}`);
  return sum / seeds.length;
}
