// The semantic graph: which layers a model has and how they are connected. This is what files save.
//
// Place: written by layers when a user composes them, read by model.ts (lowering) and io (saving).
// Invariant: plain JSON; a layer that is called twice is one entry of `layers` with two entries of `calls`.

import type { DTypeName } from "./ops.ts";

/** Options of a layer as they are saved. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type LayerOptions = { readonly [key: string]: JsonValue };

export interface LayerEntry {
  /** Unique; its position ("0", "1", …) unless the user gave a name. Prefix of its parameters' names. */
  readonly name: string;
  readonly op: string;
  readonly version: number;
  readonly options: LayerOptions;
}

/** Tensors are numbered: the inputs first, then the result of each call. */
export interface LayerCall {
  readonly layer: number;
  readonly inputs: readonly number[];
}

export interface InputEntry {
  readonly name: string;
  /** Without the batch dimension; null is the time length. */
  readonly shape: readonly (number | null)[];
  readonly dtype: DTypeName;
}

export interface SemanticGraph {
  readonly inputs: readonly InputEntry[];
  readonly layers: readonly LayerEntry[];
  readonly calls: readonly LayerCall[];
  /** Output name → tensor number. A single unnamed output is called "output". */
  readonly outputs: { readonly [name: string]: number };
}

/** Collects layers and calls while the user's function runs. */
export class SemanticBuilder {
  readonly inputs: InputEntry[] = [];
  readonly layers: LayerEntry[] = [];
  readonly calls: LayerCall[] = [];
  readonly #known = new Map<object, number>();
  #inputCount = 0;

  input(entry: InputEntry): SymbolicTensor {
    this.inputs.push(entry);
    return { builder: this, index: this.#inputCount++ };
  }

  call(
    identity: object,
    op: string,
    version: number,
    name: string | undefined,
    options: LayerOptions,
    args: readonly SymbolicTensor[],
  ): SymbolicTensor {
    let layer = this.#known.get(identity);
    if (layer === undefined) {
      layer = this.layers.length;
      this.#known.set(identity, layer);
      this.layers.push({ name: name ?? String(layer), op, version, options });
    }
    this.calls.push({ layer, inputs: args.map((t) => t.index) });
    return { builder: this, index: this.#inputCount + this.calls.length - 1 };
  }
}

/** The result of a layer in a model that is being described; it holds no numbers. */
export interface SymbolicTensor {
  readonly builder: SemanticBuilder;
  readonly index: number;
}

/** A layer: a function of symbolic tensors. */
export interface Layer {
  (...inputs: SymbolicTensor[]): SymbolicTensor;
  readonly op: string;
}
