/**
 * Gradient of a convolution's bias. Place: called by conv.ts beside the gradient of the weights.
 * Invariant: the sum of each image by itself, then over the images, both ascending.
 */

// db[f] = Σ over n of (Σ over pixels of dy[n, pixel, f])   dy: [images, pixels, features]; overwrites db
export function convBiasGrad(db: usize, dy: usize, images: u32, pixels: u32, features: u32): void {
  const step = (<usize>features) << 2;
  const imageBytes = step * pixels;
  for (let f: usize = 0; f < step; f += 16) {
    // The last lanes overlap those before; with fewer than four features only one lane counts at a time.
    const narrow = features < 4;
    if (!narrow && f + 16 > step) f = step - 16;
    let total = f32x4.splat(0);
    let image = dy + f;
    for (let n = images; n; --n) {
      let sum = f32x4.splat(0);
      let p = image;
      for (let i = pixels; i; --i) {
        sum = f32x4.add(sum, narrow ? v128.load32_splat(p) : v128.load(p));
        p += step;
      }
      total = f32x4.add(total, sum);
      image += imageBytes;
    }
    if (narrow) {
      v128.store32_lane(db + f, total, 0);
      f -= 12;
    } else v128.store(db + f, total);
  }
}
