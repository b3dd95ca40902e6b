/**
 * The WASM core with all kernels in one module. Place: entry of the variants full (Workers, where modules are compiled
 * at upload), relaxed and debug. Invariant: gives the bits of the core with its packs.
 */
import "./augment";
import "./general";
import "./image";
import "./index";
import "./normalize";
import "./sequence";
import "./small";
import "./sparse";

export * from "./run";
