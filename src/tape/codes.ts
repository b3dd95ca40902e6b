// The kernel numbers of the functions that graph ops name.
//
// Place: used by tape/encode.ts and the disassembler. Invariant: every name has a number; the compiler checks it.

import { BinaryFn, ReduceFn, UnaryFn } from "../abi.ts";
import type { ActivationName, BinaryName, ReduceName, UnaryName } from "../graph/ops.ts";

/** Those of plain dense networks. */
export const DENSE_CODES = {
  affine: UnaryFn.Affine,
  clamp: UnaryFn.Clamp,
  relu: UnaryFn.Relu,
  leakyRelu: UnaryFn.LeakyRelu,
  tanh: UnaryFn.Tanh,
  sigmoid: UnaryFn.Sigmoid,
} as const;

export const ACTIVATION_CODES: Readonly<Record<ActivationName, UnaryFn>> = {
  clamp: UnaryFn.Clamp,
  relu: UnaryFn.Relu,
  leakyRelu: UnaryFn.LeakyRelu,
  elu: UnaryFn.Elu,
  gelu: UnaryFn.Gelu,
  geluTanh: UnaryFn.GeluTanh,
  silu: UnaryFn.Silu,
  tanh: UnaryFn.Tanh,
  sigmoid: UnaryFn.Sigmoid,
  softplus: UnaryFn.Softplus,
  huber: UnaryFn.Huber,
};

export const UNARY_CODES: Readonly<Record<UnaryName, UnaryFn>> = {
  ...ACTIVATION_CODES,
  affine: UnaryFn.Affine,
  abs: UnaryFn.Abs,
  square: UnaryFn.Square,
  sqrt: UnaryFn.Sqrt,
  rsqrt: UnaryFn.Rsqrt,
  reciprocal: UnaryFn.Reciprocal,
  exp: UnaryFn.Exp,
  log: UnaryFn.Log,
  sin: UnaryFn.Sin,
  cos: UnaryFn.Cos,
  erf: UnaryFn.Erf,
  sign: UnaryFn.Sign,
  floor: UnaryFn.Floor,
  step: UnaryFn.Step,
  log1p: UnaryFn.Log1p,
  expm1: UnaryFn.Expm1,
};

export const BINARY_CODES: Readonly<Record<BinaryName, BinaryFn>> = {
  add: BinaryFn.Add,
  sub: BinaryFn.Sub,
  mul: BinaryFn.Mul,
  div: BinaryFn.Div,
  max: BinaryFn.Max,
  min: BinaryFn.Min,
  equal: BinaryFn.Equal,
  greater: BinaryFn.Greater,
  prefers: BinaryFn.Prefers,
  pow: BinaryFn.Pow,
};

export const REDUCE_CODES: Readonly<Record<ReduceName, ReduceFn>> = {
  sum: ReduceFn.Sum,
  mean: ReduceFn.Mean,
  max: ReduceFn.Max,
  min: ReduceFn.Min,
  sumSquares: ReduceFn.ColumnSquares,
  sumAbs: ReduceFn.ColumnAbs,
};
