// Opens WASM that the build put inside the JS: base64 of a raw deflate stream (RFC 1951).
//
// Place: used by kernel packs, which a trainer finds it needs in a synchronous call, while DecompressionStream is
// asynchronous. (The core itself is opened by the platform's stream: see platform/open-core.ts.)
// Invariant: reads what our own build wrote; a damaged text gives a WASM that does not validate.

/** For each code of lengths, and of distances: the extra bits, and the first value. */
const table = (extra: (code: number) => number, first: number, count: number): [number, number][] => {
  const rows: [number, number][] = [];
  for (let code = 0, base = first; code < count; code++) {
    rows.push([extra(code), base]);
    base += 1 << extra(code);
  }
  return rows;
};

/** Counts of codes by length, and the symbols in the order of their codes. */
type Huffman = [counts: number[], symbols: number[]];

function huffman(lengths: readonly number[]): Huffman {
  const counts: number[] = Array(16).fill(0);
  const byLength: number[][] = counts.map(() => []);
  lengths.forEach((length, symbol) => {
    if (!length) return;
    counts[length]!++;
    byLength[length]!.push(symbol);
  });
  return [counts, byLength.flat()];
}

export function inflate(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const lengthCodes = table((code) => (code < 8 || code > 27 ? 0 : (code >> 2) - 1), 3, 29);
  lengthCodes[28] = [0, 258];
  const distanceCodes = table((code) => (code < 4 ? 0 : (code >> 1) - 1), 1, 30);
  let out = new Uint8Array(input.length * 6);
  let size = 0;
  let at = 0; // in bits
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value |= ((input[at >> 3]! >> (at & 7)) & 1) << i;
    return value;
  };
  const symbol = ([counts, symbols]: Huffman): number => {
    for (let length = 1, code = 0, first = 0, index = 0; length < 16; length++) {
      code |= bits(1);
      const count = counts[length]!;
      if (code - first < count) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new RangeError("the embedded WASM is damaged");
  };
  const put = (byte: number): void => {
    if (size === out.length) {
      const grown = new Uint8Array(size * 2);
      grown.set(out);
      out = grown;
    }
    out[size++] = byte;
  };
  let last = 0;
  while (!last) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      at = (at + 7) & ~7;
      for (let left = bits(32) & 0xffff; left > 0; left--) put(bits(8));
      continue;
    }
    const lengths: number[] = [];
    let literals = 288;
    if (kind === 1) {
      for (let i = 0; i < 288; i++) lengths.push(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
      for (let i = 0; i < 30; i++) lengths.push(5);
    } else {
      literals = bits(5) + 257;
      const total = literals + bits(5) + 1;
      const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
      const own: number[] = Array(19).fill(0);
      for (let i = 0, count = bits(4) + 4; i < count; i++) own[order[i]!] = bits(3);
      const codes = huffman(own);
      while (lengths.length < total) {
        const code = symbol(codes);
        const value = code === 16 ? lengths.at(-1)! : code < 16 ? code : 0;
        let repeat = code < 16 ? 1 : code === 16 ? 3 + bits(2) : code === 17 ? 3 + bits(3) : 11 + bits(7);
        for (; repeat > 0; repeat--) lengths.push(value);
      }
    }
    const codes = huffman(lengths.slice(0, literals));
    const distances = huffman(lengths.slice(literals));
    for (let code = symbol(codes); code !== 256; code = symbol(codes)) {
      if (code < 256) {
        put(code);
        continue;
      }
      const [extra, base] = lengthCodes[code - 257]!;
      const length = base + bits(extra);
      const [moreExtra, farBase] = distanceCodes[symbol(distances)]!;
      const distance = farBase + bits(moreExtra);
      for (let i = 0; i < length; i++) put(out[size - distance]!);
    }
  }
  return out.subarray(0, size);
}

/** The binary of an embedded module. */
export const openText = (text: string): Uint8Array<ArrayBuffer> => inflate(bytesOf(text));

/** Base64 alone: a pack of a kilobyte or two would be inflated for longer than the rest of its opening takes. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
