// A trainer's checkpoint or model file written, and a checkpoint read, piece by piece, straight between a file's bytes and the core's memory.
//
// Place: for hosts whose memory holds a model but not its file beside it (the Worker). Invariant: the file is the one
// that `saveCheckpoint` or `saveModel` writes, byte for byte, and what is loaded is what `core.resume` would load or refuse.

import { writeByCopy } from "../core/write-by-copy.ts";
import { FormatError } from "../errors.ts";
import { checkFormat, checkpointMetadata, POWERS, runStateIn } from "../io/checkpoint.ts";
import { DIGEST, FORMAT, GRAPH, graphIn, NO_DIGEST, setDigest } from "../io/model-file.ts";
import {
  headerEnd,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type SafetensorsSlot,
  writeSafetensorsHeader,
} from "../io/safetensors.ts";
import { Sha256 } from "../io/sha256.ts";
import { STATE_PREFIX } from "../io/weights.ts";
import { fileShapeOf } from "../layers/definition.ts";
import type { ModelTensor } from "../model.ts";
import type { TrainerHost } from "./base-trainer.ts";
import { FileOrder } from "./file-order.ts";
import { powersOf, slotTensors } from "./snapshot.ts";
import { Trainer } from "./trainer.ts";

/** A file of which only parts are in memory at a time. */
export interface FileSource {
  readonly bytes: number;
  /** Its bytes in order, in pieces of any length. */
  pieces(): Iterable<Uint8Array>;
  /** Comes from storage that keeps whole what this program wrote there: its digest is not checked again. */
  readonly own?: boolean;
}

/** Takes a file's pieces. The header comes last: it holds the digest of all that stands behind it. */
export interface FileSink {
  /** @param at where it stands in the file */
  payload(piece: Uint8Array, at: number): void;
  /** Between the model's own tensors and the optimizer's, which are not always read together. */
  cut?(): void;
  header(bytes: Uint8Array): void;
}

/** Whether a tensor of a checkpoint is none of the model's. */
export const isState = (name: string): boolean => name.startsWith(STATE_PREFIX);

/** Elements that are brought into the file's order at a time. */
const PIECE = 1 << 16;

/** One tensor of the file: f32 values in the core, or the optimizer's powers. */
interface Placed extends SafetensorsSlot {
  readonly tensor?: ModelTensor;
  readonly address: number;
}

function tensorsOf(trainer: Trainer): Placed[] {
  const { executor, run } = trainer.state;
  const place = (name: string, tensor: ModelTensor, address: number): Placed => {
    const shape = fileShapeOf(tensor);
    return {
      name,
      dtype: "F32",
      shape,
      data: { byteLength: 4 * shape.reduce((a, b) => a * b, 1) },
      tensor,
      address,
    };
  };
  const placed = executor.program.tensors.map((t) => place(t.fullName, t, executor.regionOf(t).address));
  for (const [slot, tensor, address] of slotTensors(executor, run.optimizer.slots))
    placed.push(place(`${STATE_PREFIX}${slot}.${tensor.fullName}`, tensor, address));
  const powers = executor.program.plan.layout.powers.address;
  placed.push({ name: POWERS, dtype: "F64", shape: [2], data: { byteLength: 16 }, address: powers });
  return placed;
}

/** What a trainer is saved as: with all that a run needs to go on, or the model alone. */
export type FileKind = "checkpoint" | "model";

function layOut(trainer: Trainer, kind: FileKind) {
  const { model, run } = trainer.state;
  const tensors = tensorsOf(trainer);
  if (kind === "checkpoint")
    return writeSafetensorsHeader(tensors, { ...checkpointMetadata(model, run), [DIGEST]: NO_DIGEST });
  const weights = tensors.filter(({ name }) => !isState(name));
  const metadata = { [FORMAT]: "model/1", [GRAPH]: JSON.stringify(model.graph), [DIGEST]: NO_DIGEST };
  return writeSafetensorsHeader(weights, metadata);
}

/** Bytes of the file. */
export const fileBytesOf = (trainer: Trainer, kind: FileKind): number => layOut(trainer, kind).fileBytes;

/**
 * Writes the file into a sink; pieces are views that must be used before the next one.
 *
 * @param sign whether the header gets the digest; a caller who has a faster one than ours puts it in with `setDigest`
 */
export function writeFile(trainer: Trainer, kind: FileKind, sink: FileSink, sign = true): void {
  const { executor } = trainer.state;
  const { header, sorted } = layOut(trainer, kind);
  const sha = sign ? new Sha256() : undefined;
  let at = header.length;
  const emit = (piece: Uint8Array) => {
    sha?.update(piece);
    sink.payload(piece, at);
    at += piece.length;
  };
  const buffer = new Float32Array(PIECE);
  let ofState = false;
  for (const { name, tensor, address, data } of sorted) {
    if (isState(name) !== ofState) sink.cut?.();
    ofState = isState(name);
    if (!tensor) {
      emit(new Uint8Array(powersOf(executor).slice().buffer));
      continue;
    }
    const order = new FileOrder(tensor);
    const { f32 } = executor.core;
    for (let left = data.byteLength / 4; left > 0; left -= PIECE) {
      const count = Math.min(left, PIECE);
      for (let i = 0; i < count; ) {
        const { from, length } = order.take(count - i);
        for (let at = (address >> 2) + from, end = i + length; i < end; i++, at += order.step) {
          const value = f32[at]!;
          // Every NaN becomes the one canonical NaN, so that equal states are equal bytes.
          buffer[i] = Number.isNaN(value) ? Number.NaN : value;
        }
      }
      emit(new Uint8Array(buffer.buffer, 0, 4 * count));
    }
  }
  if (sha) setDigest(header, sha.hex());
  sink.header(header);
}

/** The model file of a trainer, in one buffer and without a digest. */
export function unsignedModelFile(trainer: Trainer): Uint8Array {
  const file = new Uint8Array(fileBytesOf(trainer, "model"));
  const sink = {
    payload: (piece: Uint8Array, at: number) => file.set(piece, at),
    header: (bytes: Uint8Array) => file.set(bytes),
  };
  writeFile(trainer, "model", sink, false);
  return file;
}

/**
 * The trainer of a checkpoint that is read piece by piece.
 *
 * @param finite refuses weights that are infinite or NaN, as files from outside must be
 * @throws FormatError if the file is damaged or no checkpoint
 */
export function resumeFrom(host: TrainerHost, source: FileSource, finite = false): Trainer {
  const file = openFile(source);
  const { head } = file;
  checkFormat(head.metadata);
  const model = graphIn(head.metadata);
  const state = runStateIn(head.metadata, model);
  const trainer = Trainer.resume(host, { model, state });
  try {
    readTensors(trainer, source, file, finite);
    return trainer;
  } catch (error) {
    trainer.dispose();
    throw error;
  }
}

/**
 * Puts a trainer back to a checkpoint of itself, in the memory that it has. For trainers that are stepped only: epochs
 * and data of `fit` stay. If this throws, the trainer holds parts of both states.
 */
export function restore(trainer: Trainer, source: FileSource): void {
  const file = openFile(source);
  const { metadata } = file.head;
  checkFormat(metadata);
  const { executor, model } = trainer.state;
  const { step } = runStateIn(metadata, model);
  readTensors(trainer, source, file, false);
  executor.step = step;
}

interface OpenFile {
  readonly head: SafetensorsHeader;
  /** All of the file from its first byte on, once. */
  readonly pieces: Iterable<Uint8Array>;
}

/** Reads as much as holds the header, and nothing twice. @throws FormatError if the header is not of the format */
function openFile(source: FileSource): OpenFile {
  const rest = source.pieces()[Symbol.iterator]();
  let bytes: Uint8Array = new Uint8Array(0);
  while (bytes.length < 8 || headerEnd(bytes) > bytes.length) {
    // A piece is good until the next one.
    const before = bytes.slice();
    const { done, value: piece } = rest.next();
    if (done) break;
    bytes = piece;
    if (before.length === 0) continue;
    bytes = new Uint8Array(before.length + piece.length);
    bytes.set(before);
    bytes.set(piece, before.length);
  }
  const pieces = function* () {
    yield bytes;
    for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
  };
  return { head: readSafetensorsHeader(bytes, source.bytes), pieces: pieces() };
}

/** The header of a file, checked against the format. @throws FormatError */
export const headerOf = (source: FileSource): SafetensorsHeader => openFile(source).head;

function refuseNotFinite(tensor: string): never {
  const message = `tensor "${tensor}" holds a value that is infinite or NaN`;
  throw new FormatError("weights/not-finite", message, { tensor });
}

function readTensors(
  ...[trainer, source, { head, pieces }, finite]: [Trainer, FileSource, OpenFile, boolean]
): void {
  const { executor } = trainer.state;
  const placed = new Map(tensorsOf(trainer).map((entry) => [entry.name, entry]));
  for (const { name, dtype, shape } of placed.values()) {
    const found = head.ranges.get(name);
    const fits = found?.dtype === dtype && found.shape.length === shape.length;
    if (!fits || !found.shape.every((size, i) => size === shape[i]))
      throw new FormatError(
        "checkpoint/tensor",
        `the checkpoint's tensor "${name}" must be ${dtype} [${shape}], got ${found ? `${found.dtype} [${found.shape}]` : "none"}`,
        { tensor: name },
      );
  }
  for (const name of head.ranges.keys())
    if (!placed.has(name))
      throw new FormatError("checkpoint/tensor", `the model has no tensor "${name}"`, { tensor: name });
  // In the order of their bytes; an empty tensor has none to read.
  const order = [...head.ranges]
    .filter(([, { begin, end }]) => end > begin)
    .sort(([, a], [, b]) => a.begin - b.begin);
  const sha = source.own ? undefined : new Sha256();
  const split = new Uint8Array(4);
  const aligned = new Uint8Array(4096);
  let [at, index, held] = [0, 0, 0];
  let into: FileOrder | undefined;
  for (const piece of pieces) {
    let i = Math.min(Math.max(head.start - at, 0), piece.length);
    sha?.update(piece.subarray(i));
    while (i < piece.length) {
      const [name, { begin, end }] = order[index]!;
      const { tensor, address } = placed.get(name)!;
      const stop = Math.min(piece.length, end - at);
      if (!tensor) executor.core.u8.set(piece.subarray(i, stop), address + at + i - begin);
      else {
        into ??= new FileOrder(tensor);
        const order = into;
        const put = (values: Float32Array) => {
          if (finite && !isState(name) && !values.every(Number.isFinite)) refuseNotFinite(name);
          if (4 * values.length === end - begin) {
            // All of it, as in a state that this program wrote.
            writeByCopy(executor, tensor, values, address);
            return;
          }
          const { f32 } = executor.core;
          for (let k = 0; k < values.length; ) {
            const { from, length } = order.take(values.length - k);
            const end = k + length;
            for (let to = (address >> 2) + from; k < end; k++, to += order.step) f32[to] = values[k]!;
          }
        };
        // A value may lie across the border of two pieces.
        while (held > 0 && i < stop) {
          split[held++] = piece[i++]!;
          if (held < 4) continue;
          put(new Float32Array(split.buffer));
          held = 0;
        }
        for (let whole = (stop - i) & ~3; whole > 0; whole = (stop - i) & ~3) {
          // Where values lie between the places of floats, through a small copy: garbage of whole pieces would pile up.
          const between = (piece.byteOffset + i) & 3;
          const length = between ? Math.min(whole, aligned.length) : whole;
          if (between) aligned.set(piece.subarray(i, i + length));
          const from = between ? aligned : piece.subarray(i);
          put(new Float32Array(from.buffer, from.byteOffset, length / 4));
          i += length;
        }
        while (i < stop) split[held++] = piece[i++]!;
      }
      i = stop;
      if (at + stop < end) break;
      index++;
      into = undefined;
    }
    at += piece.length;
  }
  const expected = head.metadata[DIGEST];
  if (at !== source.bytes || (sha && expected !== undefined && sha.hex() !== expected))
    throw new FormatError(
      "model/digest",
      "the file's weights do not match its checksum: it was damaged or changed",
    );
}
