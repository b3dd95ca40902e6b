/**
 * Typed reads of the tape and of the uniforms.
 * Place: between dispatch and every kernel. Invariant: a field read is one load with a constant offset.
 *
 *   pc → ┌ op ┬ bytes ┬ field 2 ┬ field 3 ┬ … ┐   32-bit words, see src/abi.ts
 */
import { Slot } from "../../src/abi";
import { KERNELS } from "./kernel-table";

export function setUniforms(address: usize): void {
  store<u32>(KERNELS, address, Slot.Uniforms << 2);
}

export class Record {
  @inline
  static u32(pc: usize, field: i32): u32 {
    return load<u32>(pc + ((<usize>field) << 2));
  }

  @inline
  static ptr(pc: usize, field: i32): usize {
    return load<u32>(pc + ((<usize>field) << 2));
  }

  @inline
  static f32(pc: usize, field: i32): f32 {
    return load<f32>(pc + ((<usize>field) << 2));
  }

  /** A double in two words, the low one at `field`. */
  @inline
  static f64(pc: usize, field: i32): f64 {
    return load<f64>(pc + ((<usize>field) << 2), 0, 4);
  }
}

export class Uniforms {
  /** Address of the uniforms of the running call; in memory, where kernel packs see it too. */
  @inline
  private static at(): usize {
    return load<u32>(KERNELS, Slot.Uniforms << 2);
  }

  @inline
  static u32(field: i32): u32 {
    return load<u32>(Uniforms.at() + ((<usize>field) << 2));
  }

  @inline
  static set(field: i32, value: u32): void {
    store<u32>(Uniforms.at() + ((<usize>field) << 2), value);
  }
}
