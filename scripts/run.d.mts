/** Bundles `entry` into build/programs/ and gives the path of the program. */
export function bundleProgram(entry: string): Promise<string>;
