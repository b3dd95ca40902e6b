/**
 * Convolution and its gradients by loops that are right for every stride, dilation, padding and group count.
 * Place: called by conv.ts; the reference of the fast kernels. Invariant: the orders of sums are those of ConvField.
 */
import { ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";

// Position along one axis that tap k of output o reads; as u32, so that what lies before 0 is beyond the size too.
class Tap {
  // @ts-expect-error: decorator
  @inline
  static at(o: u32, stride: u32, k: u32, dilation: u32, pad: u32): u32 {
    return o * stride + k * dilation - pad;
  }

  /** The output that reads position i by tap k, or one beyond the size. */
  // @ts-expect-error: decorator
  @inline
  static from(i: u32, stride: u32, k: u32, dilation: u32, pad: u32): u32 {
    const distance = i + pad - k * dilation;
    return stride === 1 ? distance : distance % stride === 0 && <i32>distance >= 0 ? distance / stride : -1;
  }
}

// out = act(bias + Σ a·b), see Conv2d; overwrites out
export function convPlain(pc: usize): void {
  const h = Record.u32(pc, ConvField.H);
  const w = Record.u32(pc, ConvField.W);
  const features = Record.u32(pc, ConvField.F);
  const groups = Record.u32(pc, ConvField.Groups);
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const bias = Record.ptr(pc, ConvField.Bias);
  const relu = Record.u32(pc, ConvField.Relu) !== 0;
  const weights = Record.ptr(pc, ConvField.B);
  const channels = Record.u32(pc, ConvField.C);
  const groupC = channels / groups;
  const groupF = features / groups;
  let out = Record.ptr(pc, ConvField.Out);
  let image = Record.ptr(pc, ConvField.A);
  for (let n = Record.u32(pc, ConvField.N); n; --n) {
    for (let oy: u32 = 0; oy < Record.u32(pc, ConvField.OH); ++oy) {
      for (let ox: u32 = 0; ox < Record.u32(pc, ConvField.OW); ++ox) {
        for (let f: u32 = 0; f < features; ++f) {
          const fromC = (f / groupF) * groupC;
          let sum: f32 = 0;
          for (let ky: u32 = 0; ky < kernelH; ++ky) {
            const y = Tap.at(
              oy,
              Record.u32(pc, ConvField.StrideY),
              ky,
              Record.u32(pc, ConvField.DilationY),
              Record.u32(pc, ConvField.PadTop),
            );
            if (y >= h) continue;
            for (let kx: u32 = 0; kx < kernelW; ++kx) {
              const x = Tap.at(
                ox,
                Record.u32(pc, ConvField.StrideX),
                kx,
                Record.u32(pc, ConvField.DilationX),
                Record.u32(pc, ConvField.PadLeft),
              );
              if (x >= w) continue;
              let p = image + (((y * w + x) * channels + fromC) << 2);
              let q = weights + (((ky * kernelW + kx) * groupC * features + f) << 2);
              for (let c: u32 = groupC; c; --c) {
                sum += load<f32>(p) * load<f32>(q);
                p += 4;
                q += features << 2;
              }
            }
          }
          if (bias) sum += load<f32>(bias + (f << 2));
          store<f32>(out, relu && sum < 0 ? 0 : sum);
          out += 4;
        }
      }
    }
    image += (h * w * channels) << 2;
  }
}

// out = act(bias + Σ a·b) where mask > 0, see Conv2dInputGrad; overwrites out
export function convInputGradPlain(pc: usize): void {
  const features = Record.u32(pc, ConvField.F);
  const groups = Record.u32(pc, ConvField.Groups);
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const outH = Record.u32(pc, ConvField.OH);
  const outW = Record.u32(pc, ConvField.OW);
  const bias = Record.ptr(pc, ConvField.Bias);
  const relu = Record.u32(pc, ConvField.Relu) !== 0;
  const weights = Record.ptr(pc, ConvField.B);
  const channels = Record.u32(pc, ConvField.C);
  const groupC = channels / groups;
  const groupF = features / groups;
  let mask = Record.ptr(pc, ConvField.Mask);
  let out = Record.ptr(pc, ConvField.Out);
  let dy = Record.ptr(pc, ConvField.A);
  for (let n = Record.u32(pc, ConvField.N); n; --n) {
    for (let y: u32 = 0; y < Record.u32(pc, ConvField.H); ++y) {
      for (let x: u32 = 0; x < Record.u32(pc, ConvField.W); ++x) {
        for (let c: u32 = 0; c < channels; ++c) {
          const fromF = (c / groupC) * groupF;
          let sum: f32 = 0;
          for (let ky = kernelH; ky--; ) {
            const oy = Tap.from(
              y,
              Record.u32(pc, ConvField.StrideY),
              ky,
              Record.u32(pc, ConvField.DilationY),
              Record.u32(pc, ConvField.PadTop),
            );
            if (oy >= outH) continue;
            for (let kx = kernelW; kx--; ) {
              const ox = Tap.from(
                x,
                Record.u32(pc, ConvField.StrideX),
                kx,
                Record.u32(pc, ConvField.DilationX),
                Record.u32(pc, ConvField.PadLeft),
              );
              if (ox >= outW) continue;
              let p = dy + (((oy * outW + ox) * features + fromF) << 2);
              let q = weights + ((((ky * kernelW + kx) * groupC + (c % groupC)) * features + fromF) << 2);
              for (let f: u32 = groupF; f; --f) {
                sum += load<f32>(p) * load<f32>(q);
                p += 4;
                q += 4;
              }
            }
          }
          if (bias) sum += load<f32>(bias + (c << 2));
          if (relu && sum < 0) sum = 0;
          if (mask) {
            if (!(load<f32>(mask) > 0)) sum = 0;
            mask += 4;
          }
          store<f32>(out, sum);
          out += 4;
        }
      }
    }
    dy += (outH * outW * features) << 2;
  }
}

// out = Σ a·b over the batch, see Conv2dWeightGrad; overwrites out
export function convWeightGradPlain(pc: usize): void {
  const w = Record.u32(pc, ConvField.W);
  const h = Record.u32(pc, ConvField.H);
  const features = Record.u32(pc, ConvField.F);
  const groups = Record.u32(pc, ConvField.Groups);
  const kernelH = Record.u32(pc, ConvField.KH);
  const kernelW = Record.u32(pc, ConvField.KW);
  const out = Record.ptr(pc, ConvField.Out);
  const channels = Record.u32(pc, ConvField.C);
  const groupC = channels / groups;
  const groupF = features / groups;
  memory.fill(out, 0, (kernelH * kernelW * groupC * features) << 2);
  let dy = Record.ptr(pc, ConvField.B);
  let image = Record.ptr(pc, ConvField.A);
  for (let n = Record.u32(pc, ConvField.N); n; --n) {
    for (let oy: u32 = 0; oy < Record.u32(pc, ConvField.OH); ++oy) {
      for (let ox: u32 = 0; ox < Record.u32(pc, ConvField.OW); ++ox) {
        for (let ky: u32 = 0; ky < kernelH; ++ky) {
          const y = Tap.at(
            oy,
            Record.u32(pc, ConvField.StrideY),
            ky,
            Record.u32(pc, ConvField.DilationY),
            Record.u32(pc, ConvField.PadTop),
          );
          if (y >= h) continue;
          for (let kx: u32 = 0; kx < kernelW; ++kx) {
            const x = Tap.at(
              ox,
              Record.u32(pc, ConvField.StrideX),
              kx,
              Record.u32(pc, ConvField.DilationX),
              Record.u32(pc, ConvField.PadLeft),
            );
            if (x >= w) continue;
            let p = out + (((ky * kernelW + kx) * groupC * features) << 2);
            for (let c: u32 = 0; c < groupC; ++c) {
              for (let f: u32 = 0; f < features; ++f) {
                const value = load<f32>(image + (((y * w + x) * channels + (f / groupF) * groupC + c) << 2));
                store<f32>(p, load<f32>(p) + value * load<f32>(dy + (f << 2)));
                p += 4;
              }
            }
          }
        }
        dy += features << 2;
      }
    }
    image += (h * w * channels) << 2;
  }
}
