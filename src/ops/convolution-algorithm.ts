// How a convolution is computed, and the working memory that takes.
//
// Place: read by the planner, the encoder and `inspect`. Invariant: the algorithm depends on the shape of one sample
// alone, never on the batch, so that a sample's bits do not depend on its company.

import { ConvAlgorithm } from "../abi-image.ts";

/** What a convolution or one of its gradients computes. */
export type ConvKind = "forward" | "inputGrad" | "weightGrad";

/** Sizes of a convolution, as in ConvField: those of the forward pass, whatever the kind. */
export interface ConvShape {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly f: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly outH: number;
  readonly outW: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly groups: number;
}

// Fewer channels do not repay the transforms, whose cost does not depend on how many channels they meet.
const WINOGRAD_CHANNELS = 16;

// More channels fill the vectors by themselves.
const LANES_CHANNELS = 32;

// Shorter runs cost tiles of four images more than the direct ones lose by them.
const LANES_RUN = 16;

const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

/** The fastest algorithm for the shape; with `direct` one that sums over the window as the plain one does. */
export function convAlgorithm(kind: ConvKind, s: ConvShape, direct = false): ConvAlgorithm {
  const steps = [s.strideY, s.strideX, s.dilationY, s.dilationX, s.groups];
  const small = s.kernelH === 3 && s.kernelW === 3 && steps.every((step) => step === 1);
  const channels = s.c % 4 === 0 && s.f % 4 === 0 && Math.min(s.c, s.f) >= WINOGRAD_CHANNELS;
  const tiles = Math.min(s.outH, s.outW) >= 4;
  if (!direct && small && channels && tiles) return ConvAlgorithm.Winograd;
  const lanes = kind === "weightGrad" ? idleFeatures(s) : fewChannels(kind, s);
  return lanes ? ConvAlgorithm.Lanes : ConvAlgorithm.Direct;
}

/** Whether the direct gradient of the weights would compute more than is asked for, in blocks of 4 by 8. */
function idleFeatures(s: ConvShape): boolean {
  const run = s.kernelW * s.c;
  const idle = s.f % 8 !== 0 || (run % 4 !== 0 && run >= LANES_RUN);
  return idle && s.groups === 1 && s.dilationX === 1 && Math.max(s.c, s.f) <= LANES_CHANNELS;
}

/** Whether four images, or four pixels of one channel, fill a vector better than the channels, of which 8 are computed at a time. */
function fewChannels(kind: ConvKind, s: ConvShape): boolean {
  const [read, write] = kind === "inputGrad" ? [s.f, s.c] : [s.c, s.f];
  const plain = [s.strideY, s.strideX, s.dilationY, s.dilationX, s.groups].every((step) => step === 1);
  const padded = s.padTop < s.kernelH && s.padLeft < s.kernelW;
  const inside = s.outH <= s.h + s.padTop && s.outW <= s.w + s.padLeft;
  const wide = (kind === "inputGrad" ? s.w : s.outW) >= 4;
  const idle = write > 1 && 3 * roundUp(write, 8) >= 4 * write;
  return plain && padded && inside && wide && idle && Math.max(read, write) <= LANES_CHANNELS;
}

/** Bytes of ConvField.Work that the algorithm may overwrite. */
export function convWorkBytes(kind: ConvKind, shape: ConvShape, algorithm: ConvAlgorithm): number {
  switch (algorithm) {
    case ConvAlgorithm.Direct:
      return kind === "weightGrad" ? weightGradBytes(shape) : directBytes(kind === "inputGrad", shape);
    case ConvAlgorithm.Lanes: {
      const backward = kind === "inputGrad";
      if (kind === "weightGrad") return Math.max(lanesGradBytes(shape), weightGradBytes(shape));
      return Math.max(lanesBytes(backward, shape), directBytes(backward, shape));
    }
    case ConvAlgorithm.Winograd:
      return kind === "weightGrad" ? winogradGradBytes(shape) : winogradBytes(kind === "inputGrad", shape);
    default:
      return 0;
  }
}

const spanOf = (taps: number, dilation: number): number => (taps - 1) * dilation + 1;

/** Floats of the padded image that the forward pass reads. */
function paddedFloats(s: ConvShape): number {
  const height = (s.outH - 1) * s.strideY + spanOf(s.kernelH, s.dilationY);
  const width = (s.outW - 1) * s.strideX + spanOf(s.kernelW, s.dilationX);
  return height * width * s.c;
}

// As in assembly/kernels/conv/direct.ts
function directBytes(backward: boolean, s: ConvShape): number {
  const [read, write] = backward ? [s.f, s.c] : [s.c, s.f];
  const columns = roundUp(write / s.groups, 8) * s.groups;
  const weights = s.kernelH * s.kernelW * (read / s.groups) * columns;
  const height = s.h - 1 + spanOf(s.kernelH, s.dilationY);
  const width = s.w - 1 + spanOf(s.kernelW, s.dilationX);
  const image = backward ? height * width * s.f : paddedFloats(s);
  // Rows of less than 4 pixels read up to 3 pixels behind the image.
  const behind = 3 * read * (backward ? 1 : s.strideX);
  return roundUp(4 * (columns + 512 + weights + image + behind), 64);
}

// Larger images are not interleaved twelve at a time.
const DOZEN_FLOATS = 10_000;

// As in assembly/kernels/conv/lanes.ts; pixels.ts takes less.
function lanesBytes(backward: boolean, s: ConvShape): number {
  const [read, write, height, width] = backward ? [s.f, s.c, s.h, s.w] : [s.c, s.f, s.outH, s.outW];
  const weights = s.kernelH * s.kernelW * read * write;
  const image = (height + s.kernelH - 1) * (width + s.kernelW - 1) * read;
  const together = s.n >= 12 && image <= DOZEN_FLOATS ? 3 : 1;
  return roundUp(16 * (write + weights + together * image), 64);
}

// As in assembly/kernels/conv/lanes-weight-grad.ts; tiles read up to 3 vectors behind the image.
function lanesGradBytes(s: ConvShape): number {
  const run = s.kernelW * s.c;
  const pairs = Math.ceil(s.f / 2);
  const line = ((s.outW - 1) * s.strideX + s.kernelW) * s.c;
  const fit = Math.max(1, Math.floor(20000 / (16 * s.strideY * line + 32 * s.outW)));
  const strip = Math.ceil(s.outH / Math.ceil(s.outH / fit));
  const image = ((strip - 1) * s.strideY + spanOf(s.kernelH, s.dilationY)) * line + 3;
  const sums = 2 * pairs * s.kernelH * roundUp(run, 4);
  const dy = 2 * pairs * strip * s.outW;
  return roundUp(16 * (sums + image + dy) + 4 * Math.max(s.w * s.c, s.outW * s.f), 64);
}

// As in assembly/kernels/conv/direct-weight-grad.ts; tiles read up to 3 floats behind the image.
function weightGradBytes(s: ConvShape): number {
  const whole = s.groups === 1 && s.dilationX === 1;
  const run = roundUp((whole ? s.kernelW : 1) * (s.c / s.groups), 4);
  const sums = s.groups * s.kernelH * (whole ? 1 : s.kernelW) * run * roundUp(s.f / s.groups, 8);
  return roundUp(4 * (sums + paddedFloats(s) + 4), 64);
}

const BLOCK = 64;
const GAP = 16;
const TEMP = 288;

// As in assembly/kernels/conv/winograd.ts
function winogradBytes(backward: boolean, s: ConvShape): number {
  const [depth, write] = backward ? [s.f, s.c] : [s.c, s.f];
  const columns = roundUp(write, 8);
  const [height, width] = backward ? [s.h, s.w] : [s.outH, s.outW];
  const planes = depth * columns + BLOCK * (depth + columns) + 3 * GAP;
  const image = (roundUp(height, 4) + 2) * (roundUp(width, 4) + 2) * depth;
  return roundUp(4 * (columns + TEMP + 9 * depth * columns + 36 * planes + image), 64);
}

// As in assembly/kernels/conv/winograd-weight-grad.ts
function winogradGradBytes(s: ConvShape): number {
  const columns = roundUp(s.f, 8);
  const [height, width] = [roundUp(s.outH, 4), roundUp(s.outW, 4)];
  const planes = s.c * columns + BLOCK * (s.c + columns) + 3 * GAP;
  const images = (height + 2) * (width + 2) * s.c + height * width * s.f;
  return roundUp(4 * (TEMP + 36 * planes + images), 64);
}
