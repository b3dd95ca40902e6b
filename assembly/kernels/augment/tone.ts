/**
 * Random brightness and contrast. Place: a kernel of the tape, in training only.
 * Invariant: what is done to a row depends on seed, step, stream and row alone, and on the row's mean.
 */
import { Status } from "../../../src/abi";
import { ToneField } from "../../../src/abi-augment";
import { Record } from "../../tape/record";
import { Draw } from "./draw";

// tone: see ToneField   out, a: [Rows, Elements]; a may alias out; overwrites out. The mean is one f64 sum, in order.
export function tone(pc: usize): u32 {
  const rows = Record.u32(pc, ToneField.Rows);
  const elements = Record.u32(pc, ToneField.Elements);
  const brightness = Record.f32(pc, ToneField.Brightness);
  const contrast = Record.f32(pc, ToneField.Contrast);
  const stream = Record.u32(pc, ToneField.Stream);
  let out = Record.ptr(pc, ToneField.Out);
  let a = Record.ptr(pc, ToneField.A);
  for (let n: u32 = 0; n < rows; ++n) {
    const words = Draw.row(n, stream);
    let shift = brightness * Draw.centred(load<u32>(words));
    let factor: f32 = 1;
    const end = a + ((<usize>elements) << 2);
    if (contrast !== 0) {
      factor = 1 + contrast * Draw.centred(load<u32>(words, 16));
      let sum: f64 = 0;
      for (let at = a; at !== end; at += 4) sum += <f64>load<f32>(at);
      const mean = <f32>(sum / <f64>elements);
      // (a − m)·k + m + b = a·k + (m·(1 − k) + b)
      shift = mean * (1 - factor) + shift;
    }
    for (; a !== end; a += 4, out += 4) store<f32>(out, load<f32>(a) * factor + shift);
  }
  return Status.Ok;
}
