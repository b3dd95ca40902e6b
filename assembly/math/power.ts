/**
 * xʸ of one number, computed in f64.
 * Place: the binary kernel's Pow. Invariant: additions and products only, so the bits are the same everywhere.
 */

const LN2_HIGH: f64 = 0.69314718036912381649;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const LOG2_E: f64 = 1.442695040888963387;

/** xʸ to within 0.51 ULP; special cases as in IEEE 754 (x⁰ = 1ʸ = 1; NaN for x < 0 with a fraction in y). */
export function pow(x: f32, y: f32): f32 {
  if (y === 0 || x === 1) return 1;
  if (x !== x || y !== y) return x + y;
  const size = abs(x);
  const whole = floor(y) === y;
  const odd = whole && floor(y * 0.5) !== y * 0.5;
  if (x < 0 && size !== Infinity && abs(y) !== Infinity && !whole) return NaN;
  const result =
    size === 0 || size === Infinity || abs(y) === Infinity ? limit(size, y) : <f32>exp(<f64>y * log(size));
  return odd ? copysign(result, x) : result;
}

// |x|ʸ where either is 0 or ∞
function limit(size: f32, y: f32): f32 {
  if (size === 1) return 1;
  return size > 1 === y > 0 ? Infinity : 0;
}

// ln m·2ᵉ = 2 artanh s + e·ln 2, s = (m − 1) / (m + 1), |s| ≤ 0.172; x > 0, exact as a double
function log(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  const exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;
  const m = reinterpret<f64>(bits - (exponent << 52));
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const series =
    1 +
    z *
      (1 / 3.0 +
        z * (1 / 5.0 + z * (1 / 7.0 + z * (1 / 9.0 + z * (1 / 11.0 + z * (1 / 13.0 + z * (1 / 15.0)))))));
  const e = <f64>exponent;
  return e * LN2_HIGH + (2 * s * series + e * LN2_LOW);
}

function exp(x: f64): f64 {
  const cut = min(max(x, -200), 200);
  const n = nearest(cut * LOG2_E);
  const r = cut - n * LN2_HIGH - n * LN2_LOW;
  let p = 1 + r * (1 / 11.0);
  p = 1 + r * p * (1 / 10.0);
  p = 1 + r * p * (1 / 9.0);
  p = 1 + r * p * (1 / 8.0);
  p = 1 + r * p * (1 / 7.0);
  p = 1 + r * p * (1 / 6.0);
  p = 1 + r * p * (1 / 5.0);
  p = 1 + r * p * (1 / 4.0);
  p = 1 + r * p * (1 / 3.0);
  p = 1 + r * p * 0.5;
  p = 1 + r * p;
  return p * reinterpret<f64>((<i64>n + 1023) << 52);
}
