// The shared suite under vitest, in Node, Chromium and workerd, each through its own export condition.

import { test } from "vitest";

import { cases } from "./suite/index.ts";

for (const { name, run } of cases) test(name, run);
