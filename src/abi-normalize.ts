// Records of the kernels that normalize by the statistics of channels. Another part of src/abi.ts.
//
// Read by tsc and by asc, so it holds plain enums of plain integers. Tensors are [Rows, Channels], statistics [Channels];
// x̂ = (x − mean)·rstd. Invariant: the three records share their first fields.

export enum ChannelFn {
  /** Σ (x − mean)² / Rows; dy and rstd are 0. */
  Variance = 0,
  /** Σ dy·x̂ */
  Product = 1,
}

/**
 * out[c] = Fn over the rows of channel c; f32 sums of 256 rows ascending, added up in f64.
 * Work: 8 bytes a channel. Nothing may alias out.
 */
export enum ChannelSumField {
  Out = 2,
  X = 3,
  Mean = 4,
  Rstd = 5,
  Rows = 6,
  Channels = 7,
  Dy = 8,
  /** ChannelFn */
  Fn = 9,
  Work = 10,
  Count = 11,
}

/**
 * out = min(max(x̂·gamma + beta, Low), High), each rounded by itself; Gamma and Beta may be 0: left out. A NaN stays.
 * out may alias x.
 */
export enum NormalizeField {
  Out = 2,
  X = 3,
  Mean = 4,
  Rstd = 5,
  Rows = 6,
  Channels = 7,
  Gamma = 8,
  Beta = 9,
  /** f32 */
  Low = 10,
  /** f32 */
  High = 11,
  Count = 12,
}

/**
 * out = dx = (dy − Sum/Rows − x̂·(Product/Rows))·(rstd·gamma), where Sum = Σ dy and Product = Σ dy·x̂ per channel: mean and
 * rstd are those of x. Sum = Product = 0: they are constants, and dx = dy·(rstd·gamma). Gamma may be 0: left out.
 * out may alias dy or x.
 */
export enum NormalizeGradField {
  Out = 2,
  X = 3,
  Mean = 4,
  Rstd = 5,
  Rows = 6,
  Channels = 7,
  Gamma = 8,
  Dy = 9,
  Sum = 10,
  Product = 11,
  Count = 12,
}
