// Types of asc.mjs for the tests of kernels, which are checked by tsc.

import type { APIResult } from "assemblyscript/asc";

export declare function compile(args: string[]): Promise<APIResult>;
