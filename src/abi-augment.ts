// Records of the kernels that change pictures at random in training. Another part of src/abi.ts.
//
// Read by tsc and by asc, so it holds plain enums of plain integers. Pictures are NHWC. What happens to row n (of the
// batch, from 0) is drawn from the four words of Philox block [n, StepLow, StepHigh, Stream] under the seed.
// Invariant: the draw of a row depends on seed, step, stream and row alone, so a gradient's record repeats it.

/**
 * Moves whole pixels. With words w: oy = MinY + ⌊w0·RangeY / 2³²⌋, ox = MinX + ⌊w1·RangeX / 2³²⌋,
 * flipX = FlipX and w2 ≥ 2³¹, flipY = FlipY and w3 ≥ 2³¹, and
 * out[n, y, x] = a[n, oy + (flipY ? OutHeight − 1 − y : y), ox + (flipX ? OutWidth − 1 − x : x)], or Fill outside a.
 * Inverse = 1 is the gradient: a is dy [Rows, OutHeight, OutWidth, Channels], out is dx [Rows, Height, Width, Channels],
 * each pixel of dy goes back to where it came from, the others are 0. a may not alias out.
 */
export enum MoveField {
  Out = 2,
  A = 3,
  Rows = 4,
  Height = 5,
  Width = 6,
  OutHeight = 7,
  OutWidth = 8,
  Channels = 9,
  MinY = 10,
  RangeY = 11,
  MinX = 12,
  RangeX = 13,
  FlipY = 14,
  FlipX = 15,
  /** f32 */
  Fill = 16,
  Stream = 17,
  Inverse = 18,
  Count = 19,
}

/**
 * Turns each picture about its centre by θ = Turns·(2u − 1), u = (w0 >> 8)·2⁻²⁴, in units of 2π, bilinear:
 * out[n, y, x] = a at (cy + c·(y − cy) − s·(x − cx), cx + s·(y − cy) + c·(x − cx)), pixels outside a count as Fill.
 * a, out: [Rows, Height, Width, Channels]; a may not alias out.
 */
export enum RotateField {
  Out = 2,
  A = 3,
  Rows = 4,
  Height = 5,
  Width = 6,
  Channels = 7,
  /** f32, at most ½ */
  Turns = 8,
  /** f32 */
  Fill = 9,
  Stream = 10,
  Count = 11,
}

/**
 * Brightness and contrast: out = (a − m)·k + m + b with b = Brightness·(2u0 − 1), k = 1 + Contrast·(2u1 − 1),
 * u = (w >> 8)·2⁻²⁴, m the row's mean (0 without Contrast, where k = 1). a, out: [Rows, Elements]; a may alias out.
 */
export enum ToneField {
  Out = 2,
  A = 3,
  Rows = 4,
  Elements = 5,
  /** f32 */
  Brightness = 6,
  /** f32 */
  Contrast = 7,
  Stream = 8,
  Count = 9,
}
