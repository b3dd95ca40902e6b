// The model in a stored checkpoint, without the optimizer's state beside it: that is not even read.
//
// Place: beside state-stream.ts, for hosts that keep checkpoints in pieces (the Worker). Invariant: the tensors are those that
// `saveModel` of the checkpoint's trainer writes, and so is the file but for its digest; no trainer is built for either.

import { checkFormat } from "../io/checkpoint.ts";
import { DIGEST, FORMAT, GRAPH, NO_DIGEST } from "../io/model-file.ts";
import {
  type SafetensorsFile,
  type SafetensorsHeader,
  type SafetensorsRange,
  type SafetensorsSlot,
  type SafetensorsView,
  writeSafetensorsHeader,
} from "../io/safetensors.ts";
import { type FileSource, headerOf, isState } from "./state-stream.ts";

/** A file that can be read anywhere. */
export interface StoredFile extends FileSource {
  /** A copy of its bytes from `begin` to before `end`, in `into` if that is given. */
  read(begin: number, end: number, into?: Uint8Array): Uint8Array;
}

/** What of a checkpoint is the model's own, in the order of the file. @throws FormatError if the file is no checkpoint */
function weightsOf({ metadata, ranges }: SafetensorsHeader): [name: string, range: SafetensorsRange][] {
  checkFormat(metadata);
  return [...ranges].filter(([name]) => !isState(name)).sort(([, a], [, b]) => a.begin - b.begin);
}

const modelMetadata = (metadata: SafetensorsHeader["metadata"]) => ({
  [FORMAT]: "model/1",
  [GRAPH]: metadata[GRAPH]!,
  [DIGEST]: NO_DIGEST,
});

/** Stretches of tensors that lie behind each other, which are read at once. */
function* stretches(weights: readonly [string, SafetensorsRange][]) {
  for (let first = 0, next = 0; first < weights.length; first = next) {
    const { begin } = weights[first]![1];
    let { end } = weights[first]![1];
    for (next = first + 1; weights[next]?.[1].begin === end; next++) end = weights[next]![1].end;
    yield { begin, end, tensors: weights.slice(first, next) };
  }
}

/** @throws FormatError if the file is no checkpoint */
export function modelTensorsIn(source: StoredFile): SafetensorsFile {
  const head = headerOf(source);
  const tensors = new Map<string, SafetensorsView>();
  for (const { begin, end, tensors: within } of stretches(weightsOf(head))) {
    const bytes = source.read(begin, end);
    for (const [name, range] of within) {
      const data = bytes.subarray(range.begin - begin, range.end - begin);
      tensors.set(name, { dtype: range.dtype, shape: range.shape, data });
    }
  }
  return { metadata: modelMetadata(head.metadata), tensors };
}

/** In one buffer and no other. @throws FormatError if the file is no checkpoint */
export function modelFileIn(source: StoredFile): Uint8Array {
  const head = headerOf(source);
  const weights = weightsOf(head);
  const slots = weights.map(([name, { dtype, shape, begin, end }]) => {
    return { name, dtype: dtype as SafetensorsSlot["dtype"], shape, data: { byteLength: end - begin } };
  });
  // The writer's order is that of the checkpoint, which it wrote too.
  const { header, fileBytes } = writeSafetensorsHeader(slots, modelMetadata(head.metadata));
  const file = new Uint8Array(fileBytes);
  file.set(header);
  let at = header.length;
  for (const { begin, end } of stretches(weights)) {
    source.read(begin, end, file.subarray(at, at + end - begin));
    at += end - begin;
  }
  return file;
}
