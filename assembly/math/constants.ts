/**
 * The constants of the vector functions, each four times in a row so that one load fills a vector.
 * Place: below every file of math/. V8 rebuilds a literal v128 in each turn of a loop; a load from a static table is
 * cheaper. Invariant: the table is written once, by the start function, before any kernel runs.
 */

/** Place of each constant in the table. */
export enum K {
  One,
  Half,
  Two,
  AbsMask,
  Log2E,
  /** 1.5·2²³ + 127: adding it rounds to an integer and leaves that integer's exponent field in the low bits */
  Round,
  Ln2High,
  Ln2Low,
  /** (eʳ − 1 − r) / r² on |r| ≤ 0.35, minimax */
  Exp0,
  Exp1,
  Exp2,
  Exp3,
  Exp4,
  /** Below this eˣ is denormal */
  ExpTiny,
  // log: (log(1 + f) − f + f²/2) / f³ on [√½ − 1, √2 − 1] (Cephes logf)
  MinNormal,
  TwoTo23,
  SqrtHalf,
  Log0,
  Log1,
  Log2,
  Log3,
  Log4,
  Log5,
  Log6,
  Log7,
  Log8,
  Infinity,
  TanhHigh,
  // From here on: filled by rare-constants.ts, where a module has the functions that use them.
  // exp: arguments are cut to [ExpLow, ExpHigh], beyond which the result is 0 or infinite anyway
  ExpLow,
  ExpHigh,
  Expm1Low,
  // erf (after N. Juffa): |x| ≤ ErfSplit: x + x·P(x²); above: 1 − exp(Q(x))
  ErfSplit,
  ErfHigh,
  ErfSmall0,
  ErfSmall1,
  ErfSmall2,
  ErfSmall3,
  ErfSmall4,
  ErfSmall5,
  ErfLarge1,
  ErfLarge2,
  ErfLarge3,
  ErfLarge4,
  ErfLarge5,
  ErfLarge6,
  ErfLarge7,
  // sin, cos on |r| ≤ π/4 (Cephes sinf, cosf)
  Sin0,
  Sin1,
  Sin2,
  Cos0,
  Cos1,
  Cos2,
  TwoPi,
  Quarter,
  Four,
  // gelu
  InverseSqrt2Pi,
  InverseSqrt2,
  /** geluTanh is x·σ(Linear·x + Cubic·x³) */
  GeluTanhLinear,
  GeluTanhCubic,
  GeluTanhCubic3,
  /** Beyond these |x| the derivatives of geluTanh and silu are 0 or 1; cutting avoids ∞·0 */
  GeluTanhHigh,
  SiluHigh,
  Count,
}

const VALUES = memory.data<f32>([
  1.0, 0.5, 2.0, 0.0, 1.44269504, 12583039.0, 0.693359375, -2.1219444e-4, 0.5, 0.16666513681411743,
  0.0416661873459816, 0.008369590155780315, 0.0013951703440397978, -87.3365447, 1.17549435e-38, 8388608.0,
  0.707106781, 3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1,
  -1.2420140846e-1, 1.167699874e-1, -1.151461031e-1, 7.0376836292e-2, 0.0, 10.0,
]);

const TABLE = memory.data(K.Count << 4, 16);

export class Constant {
  @inline
  static load(place: i32): v128 {
    return v128.load(TABLE + ((<usize>place) << 4));
  }

  /** c₀ + c₁·x of the constant at `place` and the next: what polynomials are built from. */
  @inline
  static line(x: v128, place: i32): v128 {
    return f32x4.add(Constant.load(place), f32x4.mul(x, Constant.load(place + 1)));
  }

  /** Writes the constants from `first` to before `end`, and clears the values, which are not needed again. */
  @inline
  static fill(values: usize, first: i32, end: i32): void {
    for (let i: usize = 0; i < <usize>(end - first); ++i) {
      v128.store(TABLE + ((<usize>first) << 4) + (i << 4), v128.load32_splat(values + (i << 2)));
    }
    memory.fill(values, 0, (<usize>(end - first)) << 2);
  }
}

Constant.fill(VALUES, 0, K.ExpLow);
// Values that are bit patterns rather than numbers.
v128.store(TABLE + (K.AbsMask << 4), i32x4.splat(0x7fffffff));
v128.store(TABLE + (K.Infinity << 4), f32x4.splat(Infinity));
