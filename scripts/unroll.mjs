// Unrolls loops of AssemblyScript before it is compiled, which has neither macros nor loops at compile time.
//
// Place: between the files of assembly/ and the compiler, see asc.mjs. Invariant: without `// unroll` a text stays as it is.
//
//     // unroll
//     for (let i = 0; i < 4; ++i) {
//       x = v128.load(p, 16 * i);
//     }
//
// stands for its body four times, in which i is 0, 1, 2 and 3: constants, so that they can be the offset of a load. Loops nest.
// Without this step such an offset does not compile, so a loop cannot stay rolled unseen.

const mark = /^[ \t]*\/\/ unroll[ \t]*\r?\n/m;
const head = /^[ \t]*for \(let (\w+)(?:: \w+)? = 0; \1 < (\d+); (?:\+\+\1|\1\+\+)\) \{/;

/** The text with its marked loops unrolled; `path` is for the message of the error that a mark without such a loop throws. */
export function unroll(text, path) {
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    const start = found.index + found[0].length;
    const loop = head.exec(text.slice(start));
    if (!loop) {
      const line = text.slice(0, found.index).split("\n").length;
      throw new Error(`${path}:${line}: after "// unroll" goes a loop like "for (let i = 0; i < 4; ++i) {"`);
    }
    const [opening, name, times] = loop;
    const end = closingBrace(text, start + opening.length, path);
    const body = text.slice(start + opening.length, end);
    const counter = new RegExp(`\\b${name}\\b`, "g");
    const copies = Array.from({ length: Number(times) }, (_, i) => `{${body.replace(counter, String(i))}}`);
    text = text.slice(0, found.index) + copies.join("\n") + text.slice(end + 1);
  }
  return text;
}

// Index of the brace that closes the block whose body starts at `from`. Kernels have no braces in strings or comments.
function closingBrace(text, from, path) {
  let open = 1;
  for (let i = from; i < text.length; ++i) {
    if (text[i] === "{") ++open;
    else if (text[i] === "}" && --open === 0) return i;
  }
  throw new Error(`${path}: a loop to unroll has no end`);
}
