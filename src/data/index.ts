// The entry `edgegrad/data`: readers and preparation of data sets. Independent of the core and of the trainer.
// Invariant: nothing here touches a file system or, but for decodeImage, a runtime's own API; bytes come in, typed arrays
// go out.

export {
  type ApplyOptions,
  applyPreprocessing,
  type TabularData,
  type TabularInput,
  tabularData,
} from "./apply-preprocessing.ts";
export {
  balancedSampleWeights,
  type ClassWeightOptions,
  classWeights,
  oversample,
  type ResampleOptions,
  undersample,
} from "./balance.ts";
export { type DateFormat, dateOf } from "./cells.ts";
export { type ClassSplitOptions, classSplit } from "./class-split.ts";
export type { ColumnOptions } from "./column-options.ts";
export { type CrossValidation, crossValidate, type FoldScores } from "./cross-validation.ts";
export { type DecodedImage, type DecodeImageOptions, decodeImage } from "./decode-image.ts";
export { fitPreprocessing, type PreprocessingOptions } from "./fit-preprocessing.ts";
export {
  gunzip,
  type IdxFile,
  isGzip,
  type LabelledImages,
  pairIdx,
  parseIdx,
  writeIdx,
} from "./idx.ts";
export { type MixedBatch, type MixupOptions, mixup } from "./mixup.ts";
export {
  type DatePart,
  type FittedColumn,
  type FittedTarget,
  featureNames,
  type Preprocessing,
} from "./preprocessing.ts";
export { preprocessingFromJson, preprocessingIn, withPreprocessing } from "./preprocessing-file.ts";
export {
  classProbabilities,
  decodeOutputs,
  type PredictingCore,
  type RowPrediction,
  type RowPredictor,
  rowPredictor,
} from "./row-predictor.ts";
export { permutation, type Split, type SplitOptions, takeRows, trainTestSplit } from "./split.ts";
export { type FoldOptions, groupSplit, kFold, timeSplit } from "./split-by.ts";
export { type DigitOptions, type Digits, drawDigits } from "./synthetic-digits.ts";
export {
  type Cell,
  columnOf,
  selectRows,
  type Table,
  tableFromColumns,
  tableFromRecords,
  tableFromRows,
} from "./table.ts";
export { outputCount, tabularModel } from "./tabular-model.ts";
