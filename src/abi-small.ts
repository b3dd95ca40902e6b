// Records of small networks: neighbouring records of a step as one. Another part of src/abi.ts.
//
// Read by tsc and by asc, so it holds plain enums of plain integers. Invariant: a record leaves in memory the bits that the
// records it stands for would have left there, so it may be put wherever they were. With relaxed SIMD a zero may have another
// sign.

/**
 * Gemm, the sum with a bias, a unary function: z = x·w + b; y = f(z)   x: [M, K], w: [K, N], b: [N], z and y: [M, N].
 * B may be 0: none. y may alias z. Y = 0: no function.
 */
export enum DenseForwardField {
  Z = 2,
  X = 3,
  W = 4,
  B = 5,
  M = 6,
  N = 7,
  K = 8,
  Y = 9,
  /** UnaryFn */
  Fn = 10,
  /** f32 */
  P = 11,
  /** f32 */
  Q = 12,
  Count = 13,
}

/**
 * UnaryGrad, Reduce, Gemm, Gemm: dz = f′(saved)·dy; db = Σ dz over the rows; dx = dz·wᵀ; dw = xᵀ·dz, in this order.
 * Dy, Db and Dx may be 0: dz is there already, or what they name is not wanted. dz may alias saved or dy.
 */
export enum DenseBackwardField {
  Dz = 2,
  Saved = 3,
  Dy = 4,
  /** UnaryFn */
  Fn = 5,
  /** f32 */
  P = 6,
  /** f32 */
  Q = 7,
  Db = 8,
  Dx = 9,
  Dw = 10,
  X = 11,
  W = 12,
  M = 13,
  N = 14,
  K = 15,
  Count = 16,
}

/**
 * The weighted mean of squared errors and its gradient: d = a − b; terms = d²·weights; loss = Σ terms / N; then
 * cell = OfOne·one; each = cell·weights; d = OfError·(d·each)   one, loss and cell: a number, the rest [N].
 * Terms may hold cell: it is read before.
 */
export enum SquaredErrorField {
  D = 2,
  A = 3,
  B = 4,
  Weights = 5,
  N = 6,
  Terms = 7,
  Loss = 8,
  One = 9,
  Cell = 10,
  Each = 11,
  /** f32 */
  OfOne = 12,
  /** f32 */
  OfError = 13,
  Count = 14,
}
