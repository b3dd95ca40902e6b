// Records of the image kernels: convolution, pooling and their gradients. The other half of src/abi.ts.
//
// Read by tsc and by asc, so it holds plain enums of plain integers. Images are NHWC, kernels [KH, KW, C / Groups, F],
// strides in elements are those of contiguous tensors. Padding on the bottom and right follows from OH and OW.
// Invariant: the three convolution records share their fields, and so do the two of pooling.

/** How a convolution is computed: chosen by the host from the shape of one sample alone. */
export enum ConvAlgorithm {
  /** Scalar loops that are right for everything: the reference of the others. */
  Plain = 0,
  /** Register tiles over padded images in place; the bits of Plain. */
  Direct = 1,
  /** F(4×4, 3×3), for kernels of 3×3 with stride and dilation 1, one group, and channels that are multiples of 4. */
  Winograd = 2,
  /**
   * Four images as the lanes of a vector, for few channels; the bits of Plain, but for sums over the batch. For stride,
   * dilation and groups of 1; batches of less than 4 are Direct.
   */
  Lanes = 3,
  Count = 4,
}

/**
 * Conv2d: out[n, oy, ox, f] = act(Σ a[n, oy·StrideY + ky·DilationY − PadTop, …, c] · b[ky, kx, c, f] + bias[f]), where
 *   Group f / (F / Groups) of the outputs sees group c of the inputs; one f32 sum over (ky, kx, c) ascending, and then
 *   the bias. a: [N, H, W, C], b: [KH, KW, C / Groups, F], out: [N, OH, OW, F]. Relu = 1: act(y) = max(y, 0).
 * Conv2dInputGrad: out = dx [N, H, W, C] from a = dy [N, OH, OW, F] and b; one f32 sum over (ky, kx) descending and f
 *   ascending. Bias [C] and Relu as above serve transposed convolution. Mask (0 or the address of [N, H, W, C]):
 *   dx = 0 where mask is not > 0, the gradient of a relu before the convolution.
 * Conv2dWeightGrad: out = dw [KH, KW, C / Groups, F] from a = x and b = dy; Bias: address for db [F] or 0.
 *   Sums over (n, oy, ox) ascending.
 * Nothing may alias out. Work: convWorkBytes of src/ops/convolution-algorithm.ts, 64-byte aligned; holds nothing between records.
 */
export enum ConvField {
  Out = 2,
  A = 3,
  B = 4,
  Bias = 5,
  N = 6,
  H = 7,
  W = 8,
  C = 9,
  F = 10,
  KH = 11,
  KW = 12,
  OH = 13,
  OW = 14,
  StrideY = 15,
  StrideX = 16,
  DilationY = 17,
  DilationX = 18,
  PadTop = 19,
  PadLeft = 20,
  Groups = 21,
  Relu = 22,
  Mask = 23,
  /** ConvAlgorithm */
  Algorithm = 24,
  Work = 25,
  Count = 26,
}

export enum PoolFn {
  /** NaN if any element of the window is; −∞ if the window is all padding */
  Max = 0,
  /** Sum over the elements inside the image, divided by Divisor if that is not 0, else by how many they are */
  Average = 1,
}

/**
 * Pool2d: out[n, oy, ox, c] over the window at (oy·StrideY − PadTop, ox·StrideX − PadLeft) of a
 *   a: [N, H, W, C], out: [N, OH, OW, C]. Relu = 1: max(out, 0). IncludePad = 1: an average counts elements of the
 *   padding too, as far as PadBottom and PadRight reach.
 * Pool2dGrad: out = dx [N, H, W, C] from a = dy [N, OH, OW, C], and for Max from x and y of the forward pass: all of dy
 *   goes to the window's first element (rows before columns) that equals y. Relu = 1: none where y is not > 0, which is
 *   also the gradient of a relu whose result was pooled. X and Y are 0 for Average, which knows no Relu.
 * out aliases nothing. A bottom padding that is given may exceed what the windows reach.
 */
export enum PoolField {
  Out = 2,
  A = 3,
  N = 4,
  H = 5,
  W = 6,
  C = 7,
  KH = 8,
  KW = 9,
  OH = 10,
  OW = 11,
  StrideY = 12,
  StrideX = 13,
  DilationY = 14,
  DilationX = 15,
  PadTop = 16,
  PadLeft = 17,
  PadBottom = 18,
  PadRight = 19,
  /** PoolFn */
  Fn = 20,
  IncludePad = 21,
  Divisor = 22,
  Relu = 23,
  X = 24,
  Y = 25,
  Count = 26,
}
