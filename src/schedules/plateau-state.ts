// A rate that falls when training stalls, as plain data: its rule, and where it stands.
//
// Place: part of optimizers and of checkpoints; plateau.ts follows the rule. Invariant: plain numbers and names.

/** When and by how much a rate falls because training stalls. */
export interface PlateauRule {
  readonly factor: number;
  readonly patience: number;
  readonly cooldown: number;
  readonly minRate: number;
  readonly mode: "min" | "max";
  readonly threshold: number;
  readonly relative: boolean;
}

export interface PlateauState {
  /** Best value so far; null before the first. */
  readonly best: number | null;
  readonly stalled: number;
  readonly waiting: number;
  /** What rates are multiplied by. */
  readonly scale: number;
}

export const FRESH: PlateauState = { best: null, stalled: 0, waiting: 0, scale: 1 };
