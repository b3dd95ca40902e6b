// The error classes of the library: the only things it throws on purpose.
// Place in the pipeline: a leaf; every stage imports it, it imports nothing.
// Invariant: `code` is a literal such as "shape/mismatch" that never changes within a major version; the message may.

/** Facts behind an error, by name: the layer, tensor, row, option or file it is about. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/** What an error may carry beside its code and message. */
export interface ErrorOptionsWithCause {
  /** The lower-level error that led to this one. */
  readonly cause?: unknown;
}

/** Base class of every error that edgegrad throws. `code` is for programs, `message` for people. */
export class EdgegradError extends Error {
  readonly code: string;
  readonly fields: ErrorFields;

  constructor(code: string, message: string, fields: ErrorFields = {}, options?: ErrorOptionsWithCause) {
    super(message, options);
    // A literal, not new.target.name: minifiers rename classes.
    this.name = "EdgegradError";
    this.code = code;
    this.fields = fields;
  }
}

/** Shapes or lengths that do not fit together. */
export class ShapeError extends EdgegradError {
  override name = "ShapeError";
}

/** An option, layer or model description that cannot be honoured. */
export class ConfigError extends EdgegradError {
  override name = "ConfigError";
}

/** A call that the object's present state does not allow: a second run at once, use after `dispose`. */
export class StateError extends EdgegradError {
  override name = "StateError";
}

/** Bytes from outside (model file, checkpoint, data set) that are not what they claim to be. */
export class FormatError extends EdgegradError {
  override name = "FormatError";
}

/** The WASM core could not be loaded, ran out of memory or trapped. */
export class CoreError extends EdgegradError {
  override name = "CoreError";
}
