// Opens a page from disk in a real browser and tells what it asked for, what it complained of, and how it looks.
//
// Place: tests of the pages that the command line writes. Invariant: the browser is the one that the browser project
// uses; screenshots go to build/screenshots/, which is not committed.

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright";
import { chromiumArguments, chromiumEnvironment, findBrowser } from "../../scripts/browser.mjs";

const folder = resolve("build", "screenshots");

export async function openBrowser(): Promise<Browser> {
  const executablePath = await findBrowser();
  const env = chromiumEnvironment(executablePath);
  return chromium.launch({ executablePath, args: chromiumArguments, ...(env && { env }) });
}

export interface PageView {
  /** Addresses asked for beside the page itself. */
  readonly requests: readonly string[];
  /** Errors and warnings of the console, and what the security policy stopped. */
  readonly complaints: readonly string[];
  /** Whether the page is wider than the window (tables and drawings scroll within themselves). */
  readonly overflows: boolean;
  readonly headings: readonly string[];
  /** Size of every drawing, in pixels. */
  readonly drawings: readonly { readonly width: number; readonly height: number }[];
  readonly textSize: number;
}

/** Shows the page at a width and in a colour scheme, saves a screenshot, and reports. */
export async function viewPage(
  browser: Browser,
  name: string,
  html: string,
  look: { width: number; scheme: "light" | "dark" },
): Promise<PageView> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.html`);
  writeFileSync(file, html);
  const address = pathToFileURL(file).href;
  const context = await browser.newContext({
    viewport: { width: look.width, height: 900 },
    colorScheme: look.scheme,
  });
  try {
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => {
      const url = request.url();
      if (url !== address && !url.startsWith("data:")) requests.push(url);
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(address, { waitUntil: "load" });
    await page.screenshot({ path: join(folder, `${name}-${look.scheme}-${look.width}.png`), fullPage: true });
    const seen = await page.evaluate(`(() => ({
      overflows: document.documentElement.scrollWidth > window.innerWidth,
      headings: [...document.querySelectorAll("h1, h2")].map((h) => h.textContent),
      drawings: [...document.querySelectorAll("svg")].map((svg) => {
        const { width, height } = svg.getBoundingClientRect();
        return { width, height };
      }),
      textSize: Number.parseFloat(getComputedStyle(document.body).fontSize),
    }))()`);
    return { requests, complaints, ...(seen as Omit<PageView, "requests" | "complaints">) };
  } finally {
    await context.close();
  }
}
