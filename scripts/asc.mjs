// The AssemblyScript compiler over files whose marked loops are unrolled.
//
// Place: called by build.mjs for every module of the core and by the tests of kernels for theirs. Arguments as of `asc`.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { unroll } from "./unroll.mjs";

/** Compiles; the answer is that of asc.main. */
export function compile(args) {
  return asc.main(args, {
    async readFile(name, baseDir) {
      const path = join(baseDir, name);
      const text = await readFile(path, "utf8").catch(() => null);
      return text !== null && name.endsWith(".ts") ? unroll(text, path) : text;
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { error, stderr } = await compile(process.argv.slice(2));
  process.stderr.write(stderr.toString());
  process.exit(error ? 1 : 0);
}
