// A tape as text: address, op, fields by name, and the layer each record came from.
//
// Place: for people; `inspect --tape` and error reports. Invariant: reads words only, never the plan.

import {
  AdamField,
  ArgMaxField,
  BinaryField,
  CastField,
  ClipNormField,
  CopyField,
  DropoutField,
  EndField,
  EveryField,
  FillField,
  GatherRowsField,
  GemmField,
  GuardField,
  GuardProductField,
  Op,
  OuterSgdField,
  PermutationField,
  RandomField,
  ReduceField,
  ReportField,
  RnnField,
  RnnGradField,
  RnnPreviousField,
  ScatterAddRowsField,
  SgdField,
  Sha256Field,
  SoftmaxCrossEntropyField,
  SoftmaxCrossEntropyGradField,
  SoftmaxField,
  SoftmaxGradField,
  UnaryField,
  UnaryGradField,
} from "../abi.ts";
import { MoveField, RotateField, ToneField } from "../abi-augment.ts";
import { ConvField, PoolField } from "../abi-image.ts";
import { ChannelSumField, NormalizeField, NormalizeGradField } from "../abi-normalize.ts";
import { DenseBackwardField, DenseForwardField, SquaredErrorField } from "../abi-small.ts";
import { opName } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Tape } from "./encode.ts";

const FLOATS = new Set([
  "Fill.Value",
  "P",
  "Q",
  "Scale",
  "Limit",
  "Momentum",
  "WeightDecay",
  "Epsilon",
  "AugmentMove.Fill",
  "Turns",
  "AugmentRotate.Fill",
  "Brightness",
  "Contrast",
  "Low",
  "High",
  "OfOne",
  "OfError",
]);

// Named one by one: a namespace import would keep every enum in every bundle.
const fieldsByOp = {
  End: EndField,
  Fill: FillField,
  Copy: CopyField,
  Cast: CastField,
  Unary: UnaryField,
  UnaryGrad: UnaryGradField,
  Binary: BinaryField,
  Reduce: ReduceField,
  Gemm: GemmField,
  Softmax: SoftmaxField,
  SoftmaxGrad: SoftmaxGradField,
  SoftmaxCrossEntropy: SoftmaxCrossEntropyField,
  SoftmaxCrossEntropyGrad: SoftmaxCrossEntropyGradField,
  ArgMax: ArgMaxField,
  GatherRows: GatherRowsField,
  ScatterAddRows: ScatterAddRowsField,
  Dropout: DropoutField,
  Random: RandomField,
  Permutation: PermutationField,
  Guard: GuardField,
  ClipNorm: ClipNormField,
  Sgd: SgdField,
  Adam: AdamField,
  Report: ReportField,
  Rnn: RnnField,
  RnnGrad: RnnGradField,
  RnnPrevious: RnnPreviousField,
  Sha256: Sha256Field,
  OuterSgd: OuterSgdField,
  GuardProduct: GuardProductField,
  Every: EveryField,
  Conv2d: ConvField,
  Conv2dInputGrad: ConvField,
  Conv2dWeightGrad: ConvField,
  Pool2d: PoolField,
  Pool2dGrad: PoolField,
  ChannelSum: ChannelSumField,
  Normalize: NormalizeField,
  NormalizeGrad: NormalizeGradField,
  DenseForward: DenseForwardField,
  DenseBackward: DenseBackwardField,
  SquaredError: SquaredErrorField,
  SparseRow: GemmField,
  AugmentMove: MoveField,
  AugmentRotate: RotateField,
  AugmentTone: ToneField,
} satisfies Record<Exclude<keyof typeof Op, "Count">, object>;

function asFloat(bits: number): number {
  const word = new DataView(new ArrayBuffer(4));
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

function fieldText(op: string, name: string, value: number): string {
  const float = FLOATS.has(name) || FLOATS.has(`${op}.${name}`);
  return `${name}=${float ? asFloat(value) : value}`;
}

/** A tape in memory with the graph it was encoded from. */
export interface TapeListing {
  readonly tape: Tape;
  readonly nodes: readonly AnyNode[];
  readonly address: number;
}

/**
 * One line per record.
 *
 * @example
 * console.log(disassemble(trainer.tape()));
 */
export function disassemble({ tape, nodes, address: base }: TapeListing): string {
  const enums: Record<string, Record<number, string> | undefined> = fieldsByOp;
  return tape.source
    .map(({ offset, node }) => {
      const at = offset / 4;
      const name = Op[tape.words[at]!]!;
      const fields = enums[name] ?? {};
      const count = tape.words[at + 1]! / 4;
      const text: string[] = [];
      for (let i = 2; i < count; i++) text.push(fieldText(name, fields[i] ?? String(i), tape.words[at + i]!));
      const layer = node >= 0 ? nodes[node]!.layer || opName(nodes[node]!) : "";
      return `${(base + offset).toString(16).padStart(6, "0")}  ${name.padEnd(24)} ${text.join(" ")}${layer && `  ; ${layer}`}`;
    })
    .join("\n");
}
