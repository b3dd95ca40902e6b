// What a request's method and URL ask for: the path below the mount, the query, the route.
//
// Place: first thing the router reads. Invariant: depends on method and URL alone, so that what was found for one request
// holds for the next with the same: the latest are remembered, short ones and so many of them.

import { type Match, matchRoute } from "./route-table.ts";

export interface Target extends Match {
  readonly method: string;
  readonly origin: string;
  readonly pathname: string;
  /** Below the mount; undefined outside of it. */
  readonly path: string | undefined;
  /** With its question mark, or empty. */
  readonly search: string;
  /** Of the query. */
  readonly maxStale: string | undefined;
}

const MAX_STALE = /[?&]maxStale=([^&]*)/;
const MAX_KEPT = 500;
const MAX_KEPT_LENGTH = 300;

export class Targets {
  readonly #basePath: string;
  readonly #kept = new Map<string, Target>();

  constructor(basePath: string) {
    this.#basePath = basePath;
  }

  of(method: string, url: string): Target {
    const key = `${method} ${url}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const target = this.#read(method, url);
    if (key.length <= MAX_KEPT_LENGTH) {
      if (this.#kept.size === MAX_KEPT) this.#kept.clear();
      this.#kept.set(key, target);
    }
    return target;
  }

  #read(method: string, url: string): Target {
    const { origin, pathname, search } = partsOf(url);
    const path = pathname.startsWith(this.#basePath) ? pathname.slice(this.#basePath.length) : undefined;
    const maxStale = MAX_STALE.exec(search)?.[1];
    return { method, origin, pathname, path, search, maxStale, ...matchRoute(method, path ?? "") };
  }
}

/** What `new URL` says of an absolute URL as requests have it. */
function partsOf(url: string): { origin: string; pathname: string; search: string } {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  const fragment = url.indexOf("#", path);
  const end = fragment < 0 ? url.length : fragment;
  const query = url.indexOf("?", path);
  const mark = query < 0 || query > end ? end : query;
  return { origin: url.slice(0, path), pathname: url.slice(path, mark), search: url.slice(mark, end) };
}
