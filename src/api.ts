// The only list of public names of the entry `edgegrad`.
//
// Place: re-exported by each platform entry beside its own loadCore. Invariant: a name that is not here is not public.

export { type DiagnoseOptions, diagnose } from "./diagnose/diagnose.ts";
export type { Diagnosis, Finding, FindingCode, LayerReport, RateTrial } from "./diagnose/finding.ts";
export { diagnosisText } from "./diagnose/text.ts";
export {
  ConfigError,
  CoreError,
  EdgegradError,
  FormatError,
  ShapeError,
  StateError,
} from "./errors.ts";
export {
  type Example,
  type ExampleName,
  type ExampleRun,
  exampleNames,
  exampleOf,
  runExample,
} from "./explain/examples.ts";
export { type ExplainOptions, explain, type ModelToExplain } from "./explain/explain.ts";
export type {
  DenseStep,
  Explanation,
  Factor,
  NeuronStep,
  Numeric,
  OtherStep,
  Term,
  WeightStep,
} from "./explain/explanation.ts";
export { type MillionUpdate, updateMillion } from "./explain/million.ts";
export { examplePage, explanationPage } from "./explain/page.ts";
export { exampleText, explanationText } from "./explain/text.ts";
export type { Layer, SymbolicTensor } from "./graph/semantic.ts";
export type { Initializer } from "./initializers/initializers.ts";
export { cutAt } from "./io/cut-model.ts";
export { loadModel } from "./io/load-model.ts";
export type { LoadedModel } from "./io/model-file.ts";
export type { NamedTensor, Weights } from "./io/weights.ts";
export {
  type ActivationName,
  type ActivationOption,
  leakyRelu,
  relu,
  sigmoid,
  tanh,
} from "./layers/activations.ts";
export {
  gaussianNoise,
  randomBrightness,
  randomContrast,
  randomCrop,
  randomFlip,
  randomRotation,
  randomShift,
} from "./layers/augment.ts";
export { maxNorm } from "./layers/constraints.ts";
export {
  type Conv1dOptions,
  type Conv2dOptions,
  conv1d,
  conv2d,
  type DepthwiseConv2dOptions,
  depthwiseConv2d,
  type FilterOptions,
  separableConv2d,
} from "./layers/convolution.ts";
export {
  add,
  concat,
  type DenseOptions,
  dense,
  dropout,
  flatten,
  multiply,
  rescale,
  reshape,
} from "./layers/core-layers.ts";
export type { Constraint, Regularizer } from "./layers/definition.ts";
export { groupNorm, instanceNorm, layerNorm, rmsNorm, unitNorm } from "./layers/feature-norms.ts";
export { batchNorm } from "./layers/normalization.ts";
export {
  type AvgPool2dOptions,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  globalAvgPool2d,
  globalMaxPool2d,
  type MaxPool2dOptions,
  maxPool1d,
  maxPool2d,
} from "./layers/pooling.ts";
export { prelu } from "./layers/prelu.ts";
export {
  celu,
  elu,
  gelu,
  glu,
  hardShrink,
  hardSigmoid,
  hardSwish,
  hardTanh,
  logSigmoid,
  logSoftmax,
  mish,
  relu6,
  selu,
  silu,
  softmax,
  softplus,
  softShrink,
  softsign,
  tanhShrink,
  threshold,
} from "./layers/rarer-activations.ts";
export {
  type Interpolation,
  resizing,
  spatialDropout2d,
  upsampling2d,
  zeroPadding2d,
} from "./layers/resampling.ts";
export { embedding, type SimpleRnnOptions, simpleRnn } from "./layers/sequence.ts";
export {
  type Conv1dTransposeOptions,
  type Conv2dTransposeOptions,
  conv1dTranspose,
  conv2dTranspose,
} from "./layers/transposed-convolution.ts";
export type { PaddingOption, PairOption } from "./layers/window-options.ts";
export {
  categoricalFocal,
  multilabelSoftMargin,
  multiMargin,
  negativeLogLikelihood,
  softmaxCrossEntropy,
} from "./losses/classes.ts";
export { customLoss, type Loss } from "./losses/loss.ts";
export {
  binaryCrossEntropy,
  binaryFocal,
  hinge,
  hingeEmbedding,
  huber,
  klDivergence,
  logCosh,
  mae,
  mse,
  poisson,
  quantile,
  softMargin,
  squaredHinge,
} from "./losses/losses.ts";
export { cosineEmbedding, cosineSimilarity, gaussianNll, marginRanking, triplet } from "./losses/pairs.ts";
export { accuracy, type Metric, meanAbsoluteError } from "./metrics/metrics.ts";
export {
  accuracyScore,
  calibrationError,
  confusionMatrix,
  f1Score,
  logLoss,
  meanAbsoluteErrorScore,
  meanAbsolutePercentageError,
  prAuc,
  precision,
  recall,
  rocAuc,
  rootMeanSquaredError,
  rSquared,
  type Score,
  topKAccuracy,
} from "./metrics/scores.ts";
export { functional, type InputShape, type InputSpec, type Model, sequential } from "./model.ts";
export { lenet } from "./models/lenet.ts";
export { mobileNetTiny } from "./models/mobile-net-tiny.ts";
export type { ArchitectureOptions } from "./models/options.ts";
export { smallResNet } from "./models/small-res-net.ts";
export { accumulate } from "./optimizers/accumulate.ts";
export {
  type AdamFamilyOptions,
  adamax,
  amsgrad,
  lion,
  nadam,
  radam,
} from "./optimizers/adam-family.ts";
export { averaged, ema, polyak, type WeightAverage } from "./optimizers/averages.ts";
export {
  type AdadeltaOptions,
  type AdagradOptions,
  adadelta,
  adagrad,
  dampenedSgd,
  type RmspropOptions,
  rmsprop,
  rprop,
} from "./optimizers/elementwise.ts";
export { type GroupOptions, parameterGroups } from "./optimizers/groups.ts";
export {
  type AdamOptions,
  adam,
  adamw,
  type Optimizer,
  type SgdOptions,
  sgd,
} from "./optimizers/optimizers.ts";
export { generalKernels } from "./packs/general.ts";
export type { KernelPack } from "./packs/kernel-pack.ts";
export { sequenceKernels } from "./packs/sequence.ts";
export type { PlanBytes } from "./plan/plan.ts";
export {
  type Assessment,
  assessClasses,
  assessValues,
  type ClassAssessment,
  type ValueAssessment,
} from "./report/assessment.ts";
export { reportPage, type TrainingReport } from "./report/page.ts";
export {
  cosineDecay,
  cosineRestarts,
  cyclical,
  exponentialDecay,
  inverseTimeDecay,
  linearRamp,
  multiStepDecay,
  oneCycle,
  piecewiseConstant,
  polynomialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
  warmUp,
} from "./schedules/schedules.ts";
export type { Core, CoreOptions } from "./session.ts";
export { disassemble, type TapeListing } from "./tape/disassemble.ts";
export type { BaseTrainer } from "./train/base-trainer.ts";
export type { Report } from "./train/batch.ts";
export { type EarlyStoppingOptions, earlyStopping, type StoppingRule } from "./train/early-stopping.ts";
export type { Arrays, DataSet, NumericArray } from "./train/feeds.ts";
export {
  findLearningRate,
  type LearningRatePoint,
  type LearningRateSearch,
  type LearningRateSearchOptions,
} from "./train/find-learning-rate.ts";
export type { Prediction } from "./train/forward.ts";
export type { FitHistory } from "./train/history.ts";
export type { Evaluated, RunOptions, TrainerOptions, Validation } from "./train/options.ts";
export type { TrainerPlan } from "./train/plan-of.ts";
export type { Predictor, PredictorOptions } from "./train/predictor.ts";
export type { Progress, StopReason } from "./train/run-loop.ts";
export type { BatchStream } from "./train/run-stream.ts";
export { saveCheckpoint, saveModel } from "./train/save.ts";
export { type ScoredOptions, scored } from "./train/scored.ts";
export type { Trainer } from "./train/trainer.ts";
export { optimizerState, withAverage } from "./train/with-average.ts";
