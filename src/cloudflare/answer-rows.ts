// A request's rows to a prediction, and that to an answer: the same for an object's model and for a copy of it.
//
// Place: last step of every route that predicts. Invariant: computes without an await.

import type { Prediction } from "../api.ts";
import type { Arrays, NumericArray } from "../train/feeds.ts";
import { predictionOf, type ServedPrediction } from "./model-rows.ts";
import { type Batch, predictArguments } from "./packed-rows.ts";

/** A trainer, or a predictor. */
interface Predicts {
  predict(x: Arrays, options: { lengths?: NumericArray }): Prediction;
}

export function outputsFor(model: Predicts, batch: Batch<NumericArray>): ServedPrediction {
  const { x, options } = predictArguments(batch);
  return predictionOf(model.predict(x, options), batch.rows);
}

export function answerRows(model: Predicts, batch: Batch<NumericArray>, version: number): Response {
  const { y, argmax } = outputsFor(model, batch);
  return Response.json({ y, argmax, version });
}
