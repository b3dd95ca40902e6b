/**
 * The logarithm of a row's sum. Place: below log-softmax and the losses. Invariant: the bits of the vector logarithm.
 */
import { Logarithm } from "../../math/exponential";

/** ln of one number. */
export function logScalar(x: f32): f32 {
  return f32x4.extract_lane(Logarithm.log(f32x4.splat(x)), 0);
}
