/**
 * Gradient of a convolution's bias. Place: called by conv.ts beside the gradient of the weights.
 * Invariant: the sum of each image by itself, then over the images, both ascending.
 */

// db[f] = Σ over n of (Σ over pixels of dy[n, pixel, f])   dy: [images, pixels, features]; overwrites db
export function convBiasGrad(db: usize, dy: usize, images: u32, pixels: u32, features: u32): void {
  const step = (<usize>features) << 2;
  const imageBytes = step * pixels;
  memory.fill(db, 0, step);
  // Two images by 16 features at a time: sums that do not wait for each other, and whole lines of the cache.
  for (let n = images; n; n -= min(n, 2)) {
    const second = n > 1 ? imageBytes : 0;
    if (features < 4) {
      for (let f: usize = 0; f < step; f += 4) {
        add(db + f, imageSum(dy + f, pixels, step));
        if (second) add(db + f, imageSum(dy + second + f, pixels, step));
      }
    } else {
      for (let f: usize = 0; f < step; f += 64) eightSums(db, dy, second, pixels, step, f);
    }
    dy += imageBytes << 1;
  }
}

// db += sums of 16 features from byte f on, of the images at dy and then, unless second is 0, at dy + second
function eightSums(db: usize, dy: usize, second: usize, pixels: u32, step: usize, f: usize): void {
  // What lies behind the last feature overlaps what is before it: the same sums twice.
  const last = step - 16;
  const f0 = min(f, last);
  const f1 = min(f + 16, last);
  const f2 = min(f + 32, last);
  const f3 = min(f + 48, last);
  let x0 = f32x4.splat(0);
  let x1 = x0;
  let x2 = x0;
  let x3 = x0;
  let y0 = x0;
  let y1 = x0;
  let y2 = x0;
  let y3 = x0;
  for (let p = dy; pixels; --pixels) {
    const q = p + second;
    x0 = f32x4.add(x0, v128.load(p + f0));
    x1 = f32x4.add(x1, v128.load(p + f1));
    x2 = f32x4.add(x2, v128.load(p + f2));
    x3 = f32x4.add(x3, v128.load(p + f3));
    y0 = f32x4.add(y0, v128.load(q + f0));
    y1 = f32x4.add(y1, v128.load(q + f1));
    y2 = f32x4.add(y2, v128.load(q + f2));
    y3 = f32x4.add(y3, v128.load(q + f3));
    p += step;
  }
  // All are read before one is written, for they may overlap.
  x0 = f32x4.add(v128.load(db + f0), x0);
  x1 = f32x4.add(v128.load(db + f1), x1);
  x2 = f32x4.add(v128.load(db + f2), x2);
  x3 = f32x4.add(v128.load(db + f3), x3);
  v128.store(db + f0, second ? f32x4.add(x0, y0) : x0);
  v128.store(db + f1, second ? f32x4.add(x1, y1) : x1);
  v128.store(db + f2, second ? f32x4.add(x2, y2) : x2);
  v128.store(db + f3, second ? f32x4.add(x3, y3) : x3);
}

function imageSum(p: usize, pixels: u32, step: usize): f32 {
  let sum: f32 = 0;
  for (; pixels; --pixels) {
    sum += load<f32>(p);
    p += step;
  }
  return sum;
}

function add(to: usize, value: f32): void {
  store<f32>(to, load<f32>(to) + value);
}
