// loadCore, given how a platform finds its module.
//
// Place: shared by the entries of all platforms. Invariant: no host is recognized by sniffing; the export condition
// of the package decides which entry is loaded.

import { ConfigError, CoreError } from "../errors.ts";
import { useKernels } from "../packs/known-packs.ts";
import type { CoreOptions } from "../session.ts";

export type Variant = "simd" | "relaxed";

const KNOWN: readonly (keyof CoreOptions)[] = ["fast", "kernels", "maxBytes", "stageBytes", "wasm"];

/** (module with one function that uses i32x4.relaxed_trunc): validates only where relaxed SIMD exists. */
const RELAXED_PROBE = Uint8Array.of(
  ...[
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2,
  ],
  ...[253, 15, 253, 128, 2, 11],
);

/** The compiled core that the options ask for. */
export async function loadModule(
  options: CoreOptions,
  find: (variant: Variant) => Promise<WebAssembly.Module>,
): Promise<WebAssembly.Module> {
  for (const [key, value] of Object.entries(options)) {
    if (!(KNOWN as readonly string[]).includes(key))
      throw new ConfigError(
        "core/option",
        `loadCore: unknown option "${key}"; known are ${KNOWN.join(", ")}`,
        { option: key },
      );
    if (key.endsWith("Bytes") && value !== undefined && !(Number(value) >= 0))
      throw new ConfigError(
        "core/option",
        `loadCore: ${key} must be a number of bytes, got ${String(value)}`,
        { option: key },
      );
  }
  const { wasm, fast = false, kernels = [] } = options;
  useKernels(...kernels);
  try {
    if (wasm instanceof WebAssembly.Module) return wasm;
    if (wasm) return await WebAssembly.compile(wasm);
    return await find(fast && WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "simd");
  } catch (cause) {
    throw new CoreError(
      "core/load",
      "the WASM core could not be loaded: the runtime needs WebAssembly SIMD, or pass loadCore({ wasm })",
      {},
      { cause },
    );
  }
}
