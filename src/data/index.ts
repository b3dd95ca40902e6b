// The entry `edgegrad/data`: readers and preparation of data sets. Independent of the core and of the trainer.
// Invariant: nothing here touches a file system or a runtime's own API; bytes come in, typed arrays go out.

export {
  balancedSampleWeights,
  type ClassWeightOptions,
  classWeights,
  oversample,
  type ResampleOptions,
  undersample,
} from "./balance.ts";
export {
  gunzip,
  type IdxFile,
  isGzip,
  type LabelledImages,
  pairIdx,
  parseIdx,
  writeIdx,
} from "./idx.ts";
export { permutation, type Split, type SplitOptions, takeRows, trainTestSplit } from "./split.ts";
export { type DigitOptions, type Digits, drawDigits } from "./synthetic-digits.ts";
