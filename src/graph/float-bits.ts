// Floating-point numbers as the 32-bit words of a record.
//
// Place: under everything that writes records: op definitions and the tape. Invariant: little-endian, as WASM memory is.

const bits = new DataView(new ArrayBuffer(8));

/** The bits of an f32 as a word. */
export function f32Bits(value: number): number {
  bits.setFloat32(0, value, true);
  return bits.getUint32(0, true);
}

/** The bits of an f64 as low and high word. */
export function f64Bits(value: number): [number, number] {
  bits.setFloat64(0, value, true);
  return [bits.getUint32(0, true), bits.getUint32(4, true)];
}
