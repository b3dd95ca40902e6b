// A token bucket per model: so many requests per second, twice as many at once.
//
// Place: first thing an object, and the router's cached prediction, does with a request. Invariant: a clock that stands
// still refills nothing and breaks nothing; a clock that goes back neither.

import { RequestError } from "./request-error.ts";

export class RateLimit {
  readonly #perSecond: number;
  #left: number;
  #last = 0;

  /** @param perSecond 0 for no limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
  }

  /** @throws RequestError 429 */
  take(now: number): void {
    if (this.#perSecond === 0) return;
    const passed = Math.max(0, now - this.#last) / 1000;
    this.#last = now;
    this.#left = Math.min(2 * this.#perSecond, this.#left + passed * this.#perSecond);
    if (this.#left < 1)
      throw new RequestError(429, "request/rate", `this model takes ${this.#perSecond} requests a second`);
    this.#left--;
  }
}
