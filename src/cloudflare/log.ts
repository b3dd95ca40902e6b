// Structured logs: one JSON object per line, with no body, token or weight in it.
//
// Place: written by router and objects; Cloudflare's log keeps it. Invariant: nothing that a client sent is logged but the
// model's name and the route.

import type { Settings } from "./settings.ts";

export function logEvent(level: Settings["log"], event: string, fields: object, error?: unknown): void {
  if (level === "off" && event !== "error") return;
  if (level === "changes" && event === "request") return;
  const line = JSON.stringify({ event, ...fields });
  if (event === "error") console.error(line, error instanceof Error ? error.stack : "");
  else console.log(line);
}
