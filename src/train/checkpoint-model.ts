// The model in a stored checkpoint, without the optimizer's state beside it: that is not even read.
//
// Place: beside state-stream.ts, for hosts that keep checkpoints in pieces (the Worker). Invariant: the tensors are those that
// `saveModel` of the checkpoint's trainer writes, and so is the file but for its digest; no trainer is built for either.

import { checkFormat } from "../io/checkpoint.ts";
import { DIGEST, FORMAT, GRAPH, NO_DIGEST } from "../io/model-file.ts";
import {
  type SafetensorsFile,
  type SafetensorsTensor,
  type SafetensorsView,
  writeSafetensors,
} from "../io/safetensors.ts";
import { type FileSource, headerOf, isState } from "./state-stream.ts";

/** A file that can be read anywhere. */
export interface StoredFile extends FileSource {
  /** A copy of its bytes from `begin` to before `end`. */
  read(begin: number, end: number): Uint8Array;
}

/** @throws FormatError if the file is no checkpoint */
export function modelTensorsIn(source: StoredFile): SafetensorsFile {
  const { metadata, ranges } = headerOf(source);
  checkFormat(metadata);
  const weights = [...ranges].filter(([name]) => !isState(name)).sort(([, a], [, b]) => a.begin - b.begin);
  const tensors = new Map<string, SafetensorsView>();
  for (let first = 0, next = 0; first < weights.length; first = next) {
    // Those that lie behind each other are read at once.
    const { begin } = weights[first]![1];
    let { end } = weights[first]![1];
    for (next = first + 1; weights[next]?.[1].begin === end; next++) end = weights[next]![1].end;
    const bytes = source.read(begin, end);
    for (const [name, range] of weights.slice(first, next)) {
      const data = bytes.subarray(range.begin - begin, range.end - begin);
      tensors.set(name, { dtype: range.dtype, shape: range.shape, data });
    }
  }
  return { metadata: { [FORMAT]: "model/1", [GRAPH]: metadata[GRAPH]!, [DIGEST]: NO_DIGEST }, tensors };
}

/** @throws FormatError if the file is no checkpoint */
export function modelFileIn(source: StoredFile): Uint8Array {
  const { metadata, tensors } = modelTensorsIn(source);
  const named = [...tensors].map(([name, { dtype, shape, data }]) => {
    return { name, dtype: dtype as SafetensorsTensor["dtype"], shape, data };
  });
  return writeSafetensors(named, metadata);
}
