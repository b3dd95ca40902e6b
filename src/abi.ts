// The contract between host and core: operation numbers, record fields, uniforms, status codes.
//
// Read by tsc and by asc, so it holds plain enums of plain integers and nothing else.
// A tape is a run of records of 32-bit words. Word 0 is the Op, word 1 the record's length in bytes, then the
// fields of that op's enum (their values are word indices). Pointers are absolute byte addresses in the core's
// memory; 0 means absent. Counts are elements. A field that is f32 says so. Kernels return a Status.
// Invariant: a number, once released, keeps its meaning; a new kernel takes the next free one.

/** Raised with every change of this file that an older core could not run. */
export enum Abi {
  Version = 1,
  /** Address behind the static memory of the core and of every kernel pack. */
  StaticBytes = 20480,
  /** Size of the function table; packs take their places from 256 on (scripts/build.mjs). */
  TableSize = 552,
}

export enum Op {
  End = 0,
  Fill = 1,
  Copy = 2,
  Cast = 3,
  Unary = 4,
  UnaryGrad = 5,
  Binary = 6,
  Reduce = 7,
  Gemm = 8,
  Softmax = 9,
  SoftmaxGrad = 10,
  SoftmaxCrossEntropy = 11,
  SoftmaxCrossEntropyGrad = 12,
  ArgMax = 13,
  GatherRows = 14,
  ScatterAddRows = 15,
  Dropout = 16,
  Random = 17,
  Permutation = 18,
  Guard = 19,
  ClipNorm = 20,
  Sgd = 21,
  Adam = 22,
  Report = 23,
  Rnn = 24,
  RnnGrad = 25,
  RnnPrevious = 26,
  Sha256 = 27,
  OuterSgd = 28,
  GuardProduct = 29,
  Conv2d = 30,
  Conv2dInputGrad = 31,
  Conv2dWeightGrad = 32,
  Pool2d = 33,
  Pool2dGrad = 34,
  ChannelSum = 35,
  Normalize = 36,
  NormalizeGrad = 37,
  DenseForward = 38,
  DenseBackward = 39,
  AugmentMove = 40,
  AugmentRotate = 41,
  AugmentTone = 42,
  SquaredError = 43,
  /** As Gemm with M = 1 and no other form, B finite: rows of B behind zeros of A are not read. N ≥ 4; Scratch: 8·K bytes. */
  SparseRow = 44,
  Every = 45,
  /** Rows of the kernel table, so above every number in use; 46 on are free. */
  Count = 64,
}

/**
 * Places of the kernel table behind the ops: parts of kernels, some of which a pack brings. The part for a record's Fn
 * (of Softmax: Log) is at the sum of the two numbers.
 */
export enum Slot {
  /** Not a kernel: the address of the running call's uniforms. */
  Uniforms = 64,
  /** The matrix product, for kernels of packs. */
  Gemm = 65,
  Random = 66,
  Softmax = 68,
  Unary = 72,
  UnaryGrad = 104,
  Binary = 136,
  Reduce = 152,
  Count = 160,
}

export enum Status {
  Ok = 0,
  /** A guarded value is NaN or infinite. `Uniform.Detail` is the index of the entry in the guard record. */
  NotFinite = 1,
  /** A class label or an embedding row is outside its range. `Uniform.Detail` is the element's index. */
  IndexOutOfRange = 2,
  /** The tape names an op that this core does not have. */
  UnknownOp = 3,
}

/** Element types of tensors in core memory. */
export enum DType {
  F32 = 0,
  I32 = 1,
  U8 = 2,
}

/** 32-bit words of the uniforms table, whose address the host passes to `run`. */
export enum Uniform {
  /** Byte address of the record that failed. */
  Fault = 0,
  /** What exactly failed in it; see Status. */
  Detail = 1,
  /** Steps done since the trainer began, low and high word: advanced by `run`; counter of random numbers. */
  StepLow = 2,
  StepHigh = 3,
  /** Step within this call, from 0: advanced by `run`. */
  CallStep = 4,
  /** Next row of the index list (or of the data, without a list): advanced by `run` by End.Rows. */
  Cursor = 5,
  /** Address of u32 row numbers, or 0 for rows in order. */
  Indices = 6,
  /** Address of f32 learning rates: [call steps][RateGroups]. */
  Rates = 7,
  RateGroups = 8,
  /** Address of f32 reports: [call steps][ReportWidth]. */
  Reports = 9,
  ReportWidth = 10,
  /** Key of the random numbers. */
  SeedLow = 11,
  SeedHigh = 12,
  /** Rows at which the cursor goes back to 0: where all rows make one batch, epochs follow each other in one call. */
  CursorEnd = 13,
  Count = 16,
}

/** Every record. */
export enum Header {
  Op = 0,
  Bytes = 1,
}

/** Ends a step: `run` advances step, call step, and the cursor by Rows. */
export enum EndField {
  Rows = 2,
  Count = 3,
}

/** out[i] = value   out: [n] f32 */
export enum FillField {
  Out = 2,
  N = 3,
  /** f32 */
  Value = 4,
  Count = 5,
}

/**
 * Strided copy of 32-bit elements: out[i·os] = a[i·as] over up to six dimensions D0…D5 (outermost first; unused
 * ones are 1). Strides in elements; 0 broadcasts. Covers transpose, expand, slice, concatenation.
 */
export enum CopyField {
  Out = 2,
  A = 3,
  D0 = 4,
  D1 = 5,
  D2 = 6,
  D3 = 7,
  D4 = 8,
  D5 = 9,
  OutStride0 = 10,
  OutStride1 = 11,
  OutStride2 = 12,
  OutStride3 = 13,
  OutStride4 = 14,
  OutStride5 = 15,
  AStride0 = 16,
  AStride1 = 17,
  AStride2 = 18,
  AStride3 = 19,
  AStride4 = 20,
  AStride5 = 21,
  /** 1: out += a (f32), 0: overwrite. */
  Accumulate = 22,
  Count = 23,
}

/** out[i] = (To) a[i]   From, To: DType (u8→f32, i32→f32, f32→i32 truncating) */
export enum CastField {
  Out = 2,
  A = 3,
  N = 4,
  From = 5,
  To = 6,
  Count = 7,
}

/** y = f(x), element by element. P and Q are the f32 parameters named beside each function. */
export enum UnaryFn {
  /** p·x + q */
  Affine = 0,
  Abs = 1,
  Square = 2,
  Sqrt = 3,
  /** 1/√x */
  Rsqrt = 4,
  Reciprocal = 5,
  Exp = 6,
  Log = 7,
  Sin = 8,
  Cos = 9,
  Erf = 10,
  /** −1, 0, 1; NaN stays NaN */
  Sign = 11,
  Floor = 12,
  /** x > 0 ? 1 : 0 */
  Step = 13,
  /** min(max(x, p), q) */
  Clamp = 14,
  Relu = 15,
  /** x > 0 ? x : p·x */
  LeakyRelu = 16,
  /** x > 0 ? q·x : q·p·(eˣ − 1) */
  Elu = 17,
  /** x·Φ(x), by erf */
  Gelu = 18,
  /** ½x(1 + tanh(√(2/π)(x + 0.044715x³))) */
  GeluTanh = 19,
  /** x·σ(x) */
  Silu = 20,
  Tanh = 21,
  Sigmoid = 22,
  /** p·x > q ? x : log(1 + e^(p·x)) / p */
  Softplus = 23,
  /** |x| ≤ p ? ½x² : p(|x| − ½p) */
  Huber = 24,
  Log1p = 25,
  Expm1 = 26,
  Count = 27,
}

export enum UnaryField {
  Out = 2,
  A = 3,
  N = 4,
  Fn = 5,
  /** f32 */
  P = 6,
  /** f32 */
  Q = 7,
  Count = 8,
}

/**
 * out[i] = f′ · dy[i] for Clamp, Relu, LeakyRelu, Elu, Gelu, GeluTanh, Silu, Tanh, Sigmoid, Softplus, Huber.
 * A is the saved tensor: y for Tanh, Sigmoid and Relu, x for the others. out may alias a or dy.
 * At a kink: relu′(0) = 0, leakyRelu′(0) = p, elu′(0) by the x ≤ 0 branch, clamp′ = 1 at both ends.
 */
export enum UnaryGradField {
  Out = 2,
  A = 3,
  Dy = 4,
  N = 5,
  Fn = 6,
  /** f32 */
  P = 7,
  /** f32 */
  Q = 8,
  Count = 9,
}

export enum BinaryFn {
  Add = 0,
  Sub = 1,
  Mul = 2,
  Div = 3,
  /** NaN if either is NaN */
  Max = 4,
  Min = 5,
  /** 1 or 0 */
  Equal = 6,
  /** a > b ? 1 : 0 */
  Greater = 7,
  /** a > b ? 1 : a == b ? ½ : 0: what of a maximum's gradient goes to a */
  Prefers = 8,
  Pow = 9,
  Count = 10,
}

/**
 * out = f(a, b) with broadcasting: out is contiguous over dimensions D0…D4 (outermost first, unused ones 1), a and b
 * have element strides, 0 where they broadcast. The innermost stride of a and of b is 0 or 1.
 * out may alias an operand that does not broadcast.
 */
export enum BinaryField {
  Out = 2,
  A = 3,
  B = 4,
  Fn = 5,
  D0 = 6,
  D1 = 7,
  D2 = 8,
  D3 = 9,
  D4 = 10,
  AStride0 = 11,
  AStride1 = 12,
  AStride2 = 13,
  AStride3 = 14,
  AStride4 = 15,
  BStride0 = 16,
  BStride1 = 17,
  BStride2 = 18,
  BStride3 = 19,
  BStride4 = 20,
  Count = 21,
}

export enum ReduceFn {
  Sum = 0,
  /** Sum divided by Length */
  Mean = 1,
  Max = 2,
  Min = 3,
  /** Where Inner is 1; below are the same for any Inner, two numbers on. */
  SumSquares = 4,
  SumAbs = 5,
  ColumnSquares = 6,
  ColumnAbs = 7,
  Count = 8,
}

/** out[o, i] = reduce over l of a[o, l, i]; the order of the sum depends on (Length, Inner) alone. */
export enum ReduceField {
  Out = 2,
  A = 3,
  Fn = 4,
  Outer = 5,
  Length = 6,
  Inner = 7,
  Count = 8,
}

/** c[b] (+)= op(a[b]) · op(b[b]) for Batch products; leading dimensions and batch strides in elements. */
export enum GemmField {
  C = 2,
  A = 3,
  B = 4,
  M = 5,
  N = 6,
  K = 7,
  Lda = 8,
  Ldb = 9,
  Ldc = 10,
  TransA = 11,
  TransB = 12,
  Accumulate = 13,
  Batch = 14,
  StrideA = 15,
  StrideB = 16,
  StrideC = 17,
  Scratch = 18,
  Count = 19,
}

/** y[r, :] = softmax(x[r, :]) or its logarithm (Log = 1)   x, y: [Rows, Columns]; y may alias x */
export enum SoftmaxField {
  Out = 2,
  A = 3,
  Rows = 4,
  Columns = 5,
  Log = 6,
  Count = 7,
}

/** dx from y and dy: y(dy − Σ y·dy), or with Log = 1 dy − eʸ Σ dy; dx may alias dy */
export enum SoftmaxGradField {
  Out = 2,
  Y = 3,
  Dy = 4,
  Rows = 5,
  Columns = 6,
  Log = 7,
  Count = 8,
}

/**
 * out[r] = logsumexp(x[r, :]) − x[r, label[r]]   labels: i32 [Rows].
 * A label outside 0…Columns−1 gives Status.IndexOutOfRange.
 */
export enum SoftmaxCrossEntropyField {
  Out = 2,
  X = 3,
  Labels = 4,
  Rows = 5,
  Columns = 6,
  Count = 7,
}

/** dx[r, c] = (softmax(x[r, :])[c] − [c = label[r]]) · dy[r]; dx may alias x */
export enum SoftmaxCrossEntropyGradField {
  Out = 2,
  X = 3,
  Labels = 4,
  Dy = 5,
  Rows = 6,
  Columns = 7,
  Count = 8,
}

/** out[r] = index of the first largest of a[r, :], as f32 */
export enum ArgMaxField {
  Out = 2,
  A = 3,
  Rows = 4,
  Columns = 5,
  Count = 6,
}

/**
 * out[r, :] = table[row(r), :] with conversion From → To.
 * Ids given (i32 [Rows]): row(r) = ids[r], Status.IndexOutOfRange outside 0…TableRows−1.
 * Ids = 0: the staged data of this step, row(r) = Uniform.Indices[Cursor + r] (or Cursor + r without a list).
 */
export enum GatherRowsField {
  Out = 2,
  Table = 3,
  Ids = 4,
  Rows = 5,
  Columns = 6,
  TableRows = 7,
  From = 8,
  To = 9,
  Count = 10,
}

/** out[:] = 0, then out[ids[r], :] += dy[r, :], r ascending   out: [TableRows, Columns] */
export enum ScatterAddRowsField {
  Out = 2,
  Ids = 3,
  Dy = 4,
  Rows = 5,
  Columns = 6,
  TableRows = 7,
  Count = 8,
}

/**
 * y[i] = word(i) < Threshold ? 0 : x[i] · Scale. word(i) is word i mod 4 of
 * philox(counter = [i / 4, StepLow, StepHigh, Stream], key = [SeedLow, SeedHigh]). y may alias x.
 */
export enum DropoutField {
  Out = 2,
  A = 3,
  N = 4,
  /** u32: rate · 2³², rounded down */
  Threshold = 5,
  /** f32: 1 / (1 − rate) */
  Scale = 6,
  Stream = 7,
  Count = 8,
}

export enum RandomFn {
  /** p + (q − p)·u, u = (word >> 8)·2⁻²⁴ */
  Uniform = 0,
  /** p + q·z; z by Box–Muller from word pairs: √(−2 ln(((w0 >> 8) + 1)·2⁻²⁴)) · (cos, sin)(2π (w1 >> 8)·2⁻²⁴) */
  Normal = 1,
}

/** out[i] from philox(counter = [i / 4, StepLow, StepHigh, Stream], key = [SeedLow, SeedHigh]), word i mod 4 */
export enum RandomField {
  Out = 2,
  N = 3,
  Fn = 4,
  /** f32 */
  P = 5,
  /** f32 */
  Q = 6,
  Stream = 7,
  Count = 8,
}

/**
 * out: a permutation of 0…n−1 (u32) by Fisher–Yates: for i = n−1 … 1: j = ⌊word · (i + 1) / 2³²⌋, swap.
 * word = word 0 of philox([i, Round, 0, Stream], key).
 */
export enum PermutationField {
  Out = 2,
  N = 3,
  Round = 4,
  Stream = 5,
  Count = 6,
}

/** Status.NotFinite if any element of the Entries following (address, count) pairs is NaN or infinite. */
export enum GuardField {
  Entries = 2,
  /** First pair: address, elements; further pairs follow. */
  First = 3,
}

/** x *= Limit / max(Limit, ‖x‖₂) in place: global norm, PyTorch's form Limit / (‖x‖ + 1e-6), capped at 1 */
export enum ClipNormField {
  X = 2,
  N = 3,
  /** f32 */
  Limit = 4,
  Count = 5,
}

/**
 * SGD: g += WeightDecay·w; with momentum v = Momentum·v + g, g = Nesterov ? g + Momentum·v : v; w −= rate·g.
 * rate = Rates[CallStep·RateGroups + Group]. g, v and weights that decay are flushed below 2⁻¹⁰⁰. Velocity = 0: plain SGD.
 */
export enum SgdField {
  W = 2,
  G = 3,
  Velocity = 4,
  N = 5,
  Group = 6,
  /** f32 */
  Momentum = 7,
  Nesterov = 8,
  /** f32 */
  WeightDecay = 9,
  Count = 10,
}

/**
 * Adam as PyTorch defines it: m = β1·m + (1−β1)g, v = β2·v + (1−β2)g²,
 * w −= rate/(1−β1ᵗ) · m / (√v/√(1−β2ᵗ) + ε). Decoupled = 1 (AdamW): w −= rate·WeightDecay·w before; else
 * g += WeightDecay·w. Powers: address of two f64, β1ᵗ and β2ᵗ, multiplied by β before use, once a step.
 * No denormal arises: m below 2⁻¹⁰⁰ is 0, and |g| below √(2⁻¹¹⁶/(1−β2)), about 1e-16, counts as 0 in m and as that in v.
 */
export enum AdamField {
  W = 2,
  G = 3,
  M = 4,
  V = 5,
  N = 6,
  Group = 7,
  /** f64, low and high word: β1; then β2 */
  Beta1Low = 8,
  Beta1High = 9,
  Beta2Low = 10,
  Beta2High = 11,
  /** f32 */
  Epsilon = 12,
  /** f32 */
  WeightDecay = 13,
  Decoupled = 14,
  Powers = 15,
  /** 1: this record multiplies Powers by β first; 0: an earlier record of the step has done so. */
  Advance = 16,
  Count = 17,
}

/** Reports[CallStep·ReportWidth + Slot] = value   value: f32 scalar */
export enum ReportField {
  Value = 2,
  Slot = 3,
  Count = 4,
}

/**
 * h[n, t] = act(x[n, t] + h[n, t−1]·w), h[n, −1] = h0[n] or 0   x, h: [Rows, Time, Hidden], w: [Hidden, Hidden].
 * Lengths (i32 [Rows], 0 = all Time): at t ≥ length the state is carried unchanged. Reverse runs t downwards.
 * Relu = 1: relu, else tanh.
 */
export enum RnnField {
  Out = 2,
  X = 3,
  W = 4,
  H0 = 5,
  Lengths = 6,
  Rows = 7,
  Time = 8,
  Hidden = 9,
  Reverse = 10,
  Relu = 11,
  Scratch = 12,
  Count = 13,
}

/**
 * dx (gradient before the activation) from dh, h and w; where t ≥ length dx = 0 and the gradient is carried.
 * DH0 (0 = not wanted): gradient of h0 [Rows, Hidden]. Dx may not alias Dh. Carry: Rows·Hidden f32 of
 * work space; Scratch: the matrix product's.
 */
export enum RnnGradField {
  Out = 2,
  H = 3,
  Dh = 4,
  W = 5,
  DH0 = 6,
  Lengths = 7,
  Rows = 8,
  Time = 9,
  Hidden = 10,
  Reverse = 11,
  Relu = 12,
  Scratch = 13,
  Carry = 14,
  Count = 15,
}

/** out[n, t] = h[n, t−1] (t+1 with Reverse), h0 or 0 at the first step   [Rows, Time, Hidden] */
export enum RnnPreviousField {
  Out = 2,
  H = 3,
  H0 = 4,
  Rows = 5,
  Time = 6,
  Hidden = 7,
  Reverse = 8,
  Count = 9,
}

/** out: 32 bytes, SHA-256 of the Bytes at A. With Canonical = 1 every f32 NaN is hashed as 0x7fc00000. */
export enum Sha256Field {
  Out = 2,
  A = 3,
  Bytes = 4,
  Canonical = 5,
  Count = 6,
}

/** w[i, j] −= rate·(a[i]·b[j])   w: [M, N], a: [M], b: [N]; plain SGD on one row, with the bits of Gemm and Sgd */
export enum OuterSgdField {
  W = 2,
  A = 3,
  B = 4,
  M = 5,
  N = 6,
  Group = 7,
  Count = 8,
}

/** Status.NotFinite unless max|a| · max|b| · Factor is finite: bounds every sum of Factor products of theirs. */
export enum GuardProductField {
  A = 2,
  NA = 3,
  B = 4,
  NB = 5,
  Factor = 6,
  Count = 7,
}

/** Goes on in one step of N (where the step from 1 is a multiple of N); in the others the End record that follows ends it. */
export enum EveryField {
  N = 2,
  Count = 3,
}
