// Names of the element-wise functions.
//
// Place: used by the ops of the graph and by the instructions of optimizers. Invariant: each has a kernel number in
// tape/codes.ts.

/** Element-wise functions; p and q are their parameters (see UnaryFn in abi.ts). */
export type UnaryName =
  | "affine"
  | "abs"
  | "square"
  | "sqrt"
  | "rsqrt"
  | "reciprocal"
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "erf"
  | "sign"
  | "floor"
  | "step"
  | "log1p"
  | "expm1"
  | ActivationName;

/** Those with a gradient kernel of their own; the derivatives of the rest are written in other ops. */
export type ActivationName =
  | "clamp"
  | "relu"
  | "leakyRelu"
  | "elu"
  | "gelu"
  | "geluTanh"
  | "silu"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "huber";

export type BinaryName =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "max"
  | "min"
  | "equal"
  | "greater"
  | "prefers"
  | "pow";
