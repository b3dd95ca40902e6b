// The shared suite: every case, in one list.
//
// Place: run by test/runtimes/suite.test.ts under vitest and by test/runtimes/node20.mjs without.

import { bitCases } from "./bits.ts";
import type { Case } from "./case.ts";
import { usageCases } from "./usage.ts";

export const cases: readonly Case[] = [...usageCases, ...bitCases];
