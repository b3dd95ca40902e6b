/**
 * The products of the roofline: name, shape, form and the share of the register peak that TARGETS asks for.
 * Place: read by main.ts. Invariant: FLOPs are 2·m·n·k, whatever the kernel does.
 */
export interface GemmCase {
  name: string;
  m: number;
  n: number;
  k: number;
  transA: boolean;
  transB: boolean;
  /** Least share of the register peak, from the project's targets. */
  target: number;
}

function gemm(name: string, m: number, n: number, k: number, form: string, target: number): GemmCase {
  return { name: `${name} ${form}`, m, n, k, transA: form[0] === "T", transB: form[1] === "T", target };
}

/** forward [batch, in]·[in, out]; dW = xᵀ·dy; dX = dy·Wᵀ. */
function dense(batch: number, inputs: number, outputs: number, target: number): GemmCase[] {
  const name = `${batch}x${inputs}x${outputs}`;
  return [
    gemm(`${name} forward`, batch, outputs, inputs, "NN", target),
    gemm(`${name} dW`, inputs, outputs, batch, "TN", target),
    gemm(`${name} dX`, batch, inputs, outputs, "NT", target),
  ];
}

const square: [number, number][] = [
  [128, 0.9],
  [256, 0.95],
  [512, 0.95],
  [1024, 0.9],
];

export const gemmCases: readonly GemmCase[] = [
  ...square.flatMap(([size, target]) =>
    ["NN", "NT", "TN", "TT"].map((form) => gemm(`${size}^3`, size, size, size, form, target)),
  ),
  ...[32, 64].flatMap((batch) => dense(batch, 784, 128, 0.9)),
  ...dense(64, 1024, 1024, 0.9),
  gemm("gemv 1x784x128", 1, 128, 784, "NN", 0.5),
];
