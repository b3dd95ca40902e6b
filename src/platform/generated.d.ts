// Types of the modules that the build writes or a bundler makes, so that `tsc` needs no build first.
//
// Place: read by tsc only. Invariant: names agree with embed() in scripts/build.mjs.

declare module "*/generated/core-simd.js" {
  export const coreSimd: string;
}

declare module "*/generated/core-simd-plain.js" {
  export const coreSimdPlain: string;
}

declare module "*/generated/core-relaxed.js" {
  export const coreRelaxed: string;
}

declare module "*/generated/core-predict.js" {
  export const corePredict: string;
}

declare module "*/generated/kernels-image.js" {
  export const kernelsImage: string;
}

declare module "*/generated/kernels-augment.js" {
  export const kernelsAugment: string;
}

declare module "*/generated/kernels-general.js" {
  export const kernelsGeneral: string;
}

declare module "*/generated/kernels-normalize.js" {
  export const kernelsNormalize: string;
}

declare module "*/generated/kernels-sequence.js" {
  export const kernelsSequence: string;
}

declare module "*/generated/kernels-small.js" {
  export const kernelsSmall: string;
}

declare module "*/generated/kernels-sparse.js" {
  export const kernelsSparse: string;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
