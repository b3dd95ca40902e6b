// Finds a Chromium that launches, or gets one.
//
// Place: scripts/test.mjs asks before the browser project starts; vitest.config.ts launches the result.
// Invariant: what is returned has been launched and has evaluated an expression; a browser that is present
// but does not start (Ubuntu's snap stub) is passed over with a note, and running out of ways is an error
// that says what to install.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

import { chromium } from "playwright";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, "build", ".browser");

// Not a dependency: 70 MB that most machines do not need. This version was launched and ran the suite.
const sparticuzVersion = "153.0.0";

export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Environment of the browser: the cached one brings libraries that a bare Linux lacks. */
export function chromiumEnvironment(executablePath) {
  if (!executablePath.startsWith(cache)) return undefined;
  const libraries = [join(dirname(executablePath), "lib"), process.env.LD_LIBRARY_PATH].filter(Boolean);
  return {
    ...process.env,
    LD_LIBRARY_PATH: libraries.join(delimiter),
    FONTCONFIG_PATH: dirname(executablePath),
  };
}

function usualPlaces() {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge"];
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const programs = [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA];
  return {
    linux: ["/usr/bin/chromium", "/opt/google/chrome/chrome", "/snap/bin/chromium"],
    darwin: [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
      "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ],
    win32: programs
      .filter(Boolean)
      .flatMap((folder) => [
        join(folder, "Google/Chrome/Application/chrome.exe"),
        join(folder, "Microsoft/Edge/Application/msedge.exe"),
      ]),
  }[process.platform]
    ?.concat(onPath)
    .concat(playwrightPlace(), join(cache, "chromium"))
    .filter((path, index, all) => existsSync(path) && all.indexOf(path) === index);
}

function playwrightPlace() {
  try {
    return [chromium.executablePath()];
  } catch {
    return [];
  }
}

async function launches(executablePath) {
  try {
    const browser = await chromium.launch({
      executablePath,
      args: chromiumArguments,
      env: chromiumEnvironment(executablePath),
      timeout: 30_000,
    });
    const page = await browser.newPage();
    const answer = await page.evaluate("6 * 7");
    await browser.close();
    return answer === 42;
  } catch (error) {
    console.error(`${executablePath} does not launch: ${error.message.split("\n")[0]}`);
    return false;
  }
}

/** npm's Chromium for x64 Linux: a compressed binary with the few libraries it needs. */
function fromNpm() {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = join(cache, "package");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const target = ["--prefix", folder, `@sparticuz/chromium@${sparticuzVersion}`];
  if (!run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", ...target]))
    return;
  const packed = join(folder, "node_modules", "@sparticuz", "chromium", "bin");
  for (const name of readdirSync(packed).filter((file) => file.endsWith(".br"))) {
    const opened = join(cache, name.slice(0, -".br".length));
    writeFileSync(opened, brotliDecompressSync(readFileSync(join(packed, name))));
    if (opened.endsWith(".tar")) {
      run("tar", ["-xf", opened, "--no-same-owner", "-C", cache]);
      rmSync(opened);
    }
  }
  rmSync(folder, { recursive: true });
  chmodSync(join(cache, "chromium"), 0o755);
  return join(cache, "chromium");
}

function fromApt() {
  const isDebian =
    existsSync("/etc/debian_version") && !readFileSync("/etc/os-release", "utf8").includes("ubuntu");
  if (!isDebian || process.getuid?.() !== 0) return undefined;
  const installed = run("apt-get", ["update", "-q"]) && run("apt-get", ["install", "-y", "-q", "chromium"]);
  return installed ? "/usr/bin/chromium" : undefined;
}

function fromPlaywright() {
  const command = join(root, "node_modules", "playwright", "cli.js");
  return run(process.execPath, [command, "install", "chromium"]) ? chromium.executablePath() : undefined;
}

function run(command, args) {
  const result = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return result.status === 0;
}

/** The path of a Chromium that launches; gets one if none is there. Throws with instructions otherwise. */
export async function findBrowser() {
  const chosen = process.env.CHROME_PATH;
  if (chosen !== undefined && chosen !== "") {
    if (await launches(chosen)) return chosen;
    throw new Error(`CHROME_PATH is ${chosen}, which does not launch. Correct it or unset it.`);
  }
  for (const path of usualPlaces() ?? []) if (await launches(path)) return path;
  const ways = [
    ["npm (@sparticuz/chromium)", fromNpm],
    ["apt-get install chromium", fromApt],
    ["playwright install chromium", fromPlaywright],
  ];
  for (const [name, get] of ways) {
    console.error(`No Chromium found; trying ${name}…`);
    const path = get();
    if (path !== undefined && (await launches(path))) return path;
  }
  throw new Error(
    "No Chromium could be found or installed. Install Chrome or Chromium (Debian: `apt-get install chromium`), " +
      "or set CHROME_PATH to its executable, and run the command again.",
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await findBrowser());
