/**
 * The convolutions of the roofline: the shapes of workloads W5 (LeNet, batch 64) and W6 (batch 32), forward, dW and dX.
 * Place: read by main.ts. Invariant: FLOPs are those of the definition, 2 per product of the forward pass, whatever the
 * kernel does: padding and a smaller count of products (Winograd) show in the share. No first layer has a dX.
 */
import { ConvAlgorithm } from "../../src/abi-image.ts";
import {
  type ConvKind,
  type ConvShape,
  convAlgorithm,
  convWorkBytes,
} from "../../src/ops/convolution-algorithm.ts";

export interface ConvCase {
  readonly name: string;
  readonly kind: ConvKind;
  readonly shape: ConvShape;
  readonly algorithm: ConvAlgorithm;
  /** Least share of the register peak, from the project's targets. */
  readonly target: number;
}

const LABELS: Readonly<Record<ConvKind, string>> = { forward: "forward", weightGrad: "dW", inputGrad: "dX" };

function square(n: number, size: number, c: number, f: number, kernel: number, pad: number): ConvShape {
  const out = size + 2 * pad - kernel + 1;
  return {
    ...{ n, h: size, w: size, c, f, kernelH: kernel, kernelW: kernel, outH: out, outW: out },
    ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: pad, padLeft: pad, groups: 1 },
  };
}

/** One shape in all directions, by the algorithm that training takes and by the direct one. */
function cases(name: string, shape: ConvShape, first: boolean, direct = 0.85): ConvCase[] {
  const kinds: ConvKind[] = first ? ["forward", "weightGrad"] : ["forward", "weightGrad", "inputGrad"];
  return kinds.flatMap((kind) => {
    const algorithms = new Set([convAlgorithm(kind, shape, true), convAlgorithm(kind, shape)]);
    return [...algorithms].map((algorithm) => ({
      name: `${name} ${LABELS[kind]} ${ConvAlgorithm[algorithm]}`,
      ...{ kind, shape, algorithm, target: algorithm === ConvAlgorithm.Winograd ? 2.5 : direct },
    }));
  });
}

export const convCases: readonly ConvCase[] = [
  ...cases("W5 28x28 5x5 1-6", square(64, 28, 1, 6, 5, 0), true),
  ...cases("W5 12x12 5x5 6-16", square(64, 12, 6, 16, 5, 0), false),
  ...cases("W6 32x32 3x3 3-32", square(32, 32, 3, 32, 3, 1), true),
  ...cases("W6 32x32 3x3 32-32", square(32, 32, 32, 32, 3, 1), false),
  ...cases("W6 16x16 3x3 32-64", square(32, 16, 32, 64, 3, 1), false),
  ...cases("W6 16x16 3x3 64-64", square(32, 16, 64, 64, 3, 1), false),
  // No target names it: of each product's two operands one is read anew.
  ...cases("depthwise 16x16 3x3 32", { ...square(32, 16, 32, 32, 3, 1), groups: 32 }, false, 0),
];

export function convFlops({ shape: s }: ConvCase): number {
  return 2 * s.n * s.outH * s.outW * s.f * s.kernelH * s.kernelW * (s.c / s.groups);
}

/** Writes the case's record at `base`, and gives its address and what it takes. */
export function convRecord(
  memory: WebAssembly.Memory,
  base: number,
  { kind, shape: s, algorithm }: ConvCase,
): number {
  let at = base + 256;
  // Rows of lines between the tensors, so that their starts do not fall into one set of the cache.
  const take = (floats: number): number => {
    const start = at;
    at = Math.ceil((at + 4 * floats) / 64) * 64 + 64 * 5;
    return start;
  };
  const x = take(s.n * s.h * s.w * s.c);
  const y = take(s.n * s.outH * s.outW * s.f);
  const w = take((s.kernelH * s.kernelW * s.c * s.f) / s.groups);
  const bias = take(Math.max(s.c, s.f));
  const [out, a, b] = { forward: [y, x, w], inputGrad: [x, y, w], weightGrad: [w, x, y] }[kind] as [
    number,
    number,
    number,
  ];
  const work = take(convWorkBytes(kind, s, algorithm) / 4);
  if (at > memory.buffer.byteLength) throw new Error(`${base}: the case needs ${at} bytes of memory`);
  const sizes = [s.n, s.h, s.w, s.c, s.f, s.kernelH, s.kernelW, s.outH, s.outW, s.strideY, s.strideX];
  const steps = [s.dilationY, s.dilationX, s.padTop, s.padLeft, s.groups];
  const words = [0, 0, out, a, b, bias, ...sizes, ...steps, 0, 0, algorithm, work];
  new Uint32Array(memory.buffer).set(words, base / 4);
  return base;
}
