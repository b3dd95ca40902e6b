/**
 * A random order of rows. Place: a kernel of the tape, for shuffling an epoch.
 * Invariant: depends on seed, round, stream and n alone.
 */
import { PermutationField, Status } from "../../../src/abi";
import { Record } from "../../tape/record";
import { philox, WORDS } from "./philox";

// permutation: out = 0…n−1 (u32), then for i = n−1 … 1 swap out[i] and out[⌊word·(i + 1) / 2³²⌋]   overwrites out
export function permutation(pc: usize): u32 {
  const out = Record.ptr(pc, PermutationField.Out);
  const n = Record.u32(pc, PermutationField.N);
  const round = Record.u32(pc, PermutationField.Round);
  const stream = Record.u32(pc, PermutationField.Stream);
  for (let i: u32 = 0; i < n; ++i) store<u32>(out + ((<usize>i) << 2), i);
  let ready: u32 = 0;
  for (let i = n; i > 1; ) {
    --i;
    // four counters at a time: i, i − 1, i − 2, i − 3
    if (!ready) {
      philox(i, -1, round, 0, stream);
      ready = 4;
    }
    const word = load<u32>(WORDS + ((<usize>(4 - ready)) << 2));
    --ready;
    const j = <u32>((<u64>word * (<u64>i + 1)) >> 32);
    const left = out + ((<usize>i) << 2);
    const right = out + ((<usize>j) << 2);
    const value = load<u32>(left);
    store<u32>(left, load<u32>(right));
    store<u32>(right, value);
  }
  return Status.Ok;
}
