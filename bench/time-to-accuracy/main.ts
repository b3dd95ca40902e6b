// `npm run bench:accuracy`: seconds of training until LeNet names 99 % of MNIST's test digits, in Node and in Chromium.
//
// Place: beside main.ts, which measures steps. Invariant: both runtimes run the same program (training.mjs) on one core
// and must end with the same weights; a runtime that cannot be started gives a line that says so.
//
//     npm run bench:accuracy -- [--data DIR] [--seeds 1,2,3,4,5] [--target 0.99] [--core N] [--only node|chromium]

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { chromium } from "playwright";
import { chromiumArguments, chromiumEnvironment, findBrowser } from "../../scripts/browser.mjs";
import { machine, median } from "../report.ts";
import { canPin } from "../worker-process.ts";

interface Outcome {
  readonly seed: number;
  readonly reached: number | null;
  readonly seconds: number;
  readonly accuracy: number;
  readonly fingerprint: string;
}

const { values: options } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data/mnist" },
    seeds: { type: "string", default: "1,2,3,4,5" },
    target: { type: "string", default: "0.99" },
    core: { type: "string", default: String(cpus().length - 1) },
    only: { type: "string" },
    // Set for the process that is pinned.
    inside: { type: "boolean", default: false },
  },
});

// A browser's processes inherit the core of the one that starts them, so everything runs in one pinned process.
if (canPin && !options.inside) {
  const command = [
    "-c",
    options.core,
    process.execPath,
    process.argv[1]!,
    "--inside",
    ...process.argv.slice(2),
  ];
  process.exit(spawnSync("taskset", command, { stdio: "inherit" }).status ?? 1);
}

const seeds = options.seeds.split(",").map(Number);
const target = Number(options.target);
const part = (name: string) => ({
  images: readFileSync(join(options.data, `${name}-images-idx3-ubyte.gz`)),
  labels: readFileSync(join(options.data, `${name}-labels-idx1-ubyte.gz`)),
});
const files = { train: part("train"), test: part("t10k") };
/** The program as one text of JavaScript. */
async function bundled(format: "esm" | "iife"): Promise<string> {
  const entryPoints = ["bench/time-to-accuracy/training.mjs"];
  const options = { entryPoints, bundle: true, write: false, globalName: "bench" } as const;
  const { outputFiles } = await esbuild.build({ ...options, format, platform: "neutral" });
  return outputFiles[0]!.text;
}

async function inNode(report: (outcome: Outcome) => void): Promise<void> {
  const source = Buffer.from(await bundled("esm")).toString("base64");
  const { timeToAccuracy } = await import(`data:text/javascript;base64,${source}`);
  await timeToAccuracy({ ...files, seeds, target, report });
}

async function inChromium(report: (outcome: Outcome) => void): Promise<void> {
  const executablePath = await findBrowser();
  const env = chromiumEnvironment(executablePath);
  const browser = await chromium.launch({ executablePath, args: chromiumArguments, ...(env && { env }) });
  try {
    const page = await browser.newPage();
    await page.route("http://bench.test/**", (route) => {
      const [, name, kind] = new URL(route.request().url()).pathname.split("/");
      const body = files[name as keyof typeof files]?.[kind as "images" | "labels"];
      return body
        ? route.fulfill({ body })
        : route.fulfill({ body: "<title>bench</title>", contentType: "text/html" });
    });
    await page.goto("http://bench.test/");
    await page.exposeFunction("report", report);
    await page.addScriptTag({ content: await bundled("iife") });
    await page.evaluate(`(async () => {
      const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
      const part = async (name) => ({ images: await bytes("/" + name + "/images"), labels: await bytes("/" + name + "/labels") });
      const given = { train: await part("train"), test: await part("test"), seeds: ${JSON.stringify(seeds)} };
      await bench.timeToAccuracy({ ...given, target: ${target}, report: window.report });
    })()`);
  } finally {
    await browser.close();
  }
}

console.log(
  `${machine()}${canPin ? `, pinned to core ${options.core}` : ""}; LeNet, MNIST, accuracy ${target}\n`,
);
console.log("| runtime | seed | seconds to it | seconds in all | accuracy at the end | fingerprint |");
console.log("| --- | ---: | ---: | ---: | ---: | --- |");
for (const [name, run] of Object.entries({ node: inNode, chromium: inChromium })) {
  if (options.only !== undefined && options.only !== name) continue;
  const times: number[] = [];
  try {
    await run(({ seed, reached, seconds, accuracy, fingerprint }) => {
      times.push(reached ?? Number.POSITIVE_INFINITY);
      const to = reached === null ? "not reached" : reached.toFixed(1);
      console.log(
        `| ${name} | ${seed} | ${to} | ${seconds.toFixed(1)} | ${accuracy.toFixed(4)} | ${fingerprint.slice(0, 12)} |`,
      );
    });
    console.log(`| ${name} | median | ${median(times).toFixed(1)} | | | |`);
  } catch (error) {
    console.log(`| ${name} | *${(error as Error).message.split("\n")[0]}* | | | | |`);
    process.exitCode = 1;
  }
}
