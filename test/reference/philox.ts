// Philox4x32-10 written from the paper with BigInt: slow, and independent of the copies in src/ and assembly/.
//
// Place: the oracle's own source of dropout masks and random numbers.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

const WORD = 0xffffffffn;

/** The four words of the block at `counter` under `key`; all are whole numbers in [0, 2³²). */
export function philoxBlock(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map((c) => BigInt(c >>> 0)) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map((k) => BigInt(k >>> 0)) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & WORD, (p0 >> 32n) ^ c3 ^ k1, p0 & WORD];
    k0 = (k0 + 0x9e3779b9n) & WORD;
    k1 = (k1 + 0xbb67ae85n) & WORD;
  }
  return [c0, c1, c2, c3].map(Number);
}

/** Where in the random numbers a run stands: the seed, the step, as low and high 32-bit words. */
export interface RandomState {
  readonly seed: readonly [low: number, high: number];
  readonly step: readonly [low: number, high: number];
}

/** `n` words of a stream at a step, as DropoutField and RandomField of src/abi.ts define them. */
export function philoxWords(n: number, stream: number, { seed, step }: RandomState): number[] {
  const words: number[] = [];
  for (let block = 0; words.length < n; block++) words.push(...philoxBlock([block, ...step, stream], seed));
  return words.slice(0, n);
}
