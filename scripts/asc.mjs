// The AssemblyScript compiler over files whose marked loops are unrolled.
//
// Place: called by build.mjs for every module of the core and by the tests of kernels for theirs. Arguments and answer are
// those of `asc.main`.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { unroll } from "./unroll.mjs";

export function compile(args) {
  return asc.main(args, {
    async readFile(name, baseDir) {
      const path = join(baseDir, name);
      const text = await readFile(path, "utf8").catch(() => null);
      return text !== null && name.endsWith(".ts") ? unroll(text, path) : text;
    },
  });
}
