/**
 * The constants of functions that not every core has: exp, erf, sin, cos, gelu, silu.
 * Place: imported by tape/general-kernels.ts, before the kernels that use them. Invariant: the order of K from ExpLow on.
 */
import { Constant, K } from "./constants";

const VALUES = memory.data<f32>([
  -104.0, 89.0, -18.0, 0.927734375, 10.0, 1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2,
  4.99119423e-3, -5.96761703e-4, -1.28717512e-1, -6.34846687e-1, -1.06777877e-1, 2.42546219e-2,
  -3.88396438e-3, 3.83197126e-4, -1.7285347e-5, -1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4,
  4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5, 6.28318531, 0.25, 4.0, 0.39894228,
  0.707106781, 1.5957691216, 0.0713548163, 0.2140644489, 20.0, 100.0,
]);

Constant.fill(VALUES, K.ExpLow, K.Count);
