// What a case of the shared suite is, and the few assertions it may use.
//
// Place: every file of test/runtimes/suite; nothing here knows a test framework or a host, so that the same
// cases run under vitest (Node, Chromium, workerd) and under test/runtimes/node20.mjs on plain Node 20.
// Invariant: a case throws if and only if it fails.

export interface Case {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Deep equality by value: numbers bit for bit (NaN equals NaN, -0 is not 0). */
export function assertEqual(actual: unknown, expected: unknown, what = "value"): void {
  assert(isSame(actual, expected), `${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export function assertClose(actual: number, expected: number, tolerance: number, what = "value"): void {
  const near = Math.abs(actual - expected) <= tolerance;
  assert(near, `${what}: expected ${expected} within ${tolerance}, got ${actual}`);
}

/** The error that `action` throws or rejects with; fails if it does neither. */
export async function assertThrows(action: () => unknown): Promise<Error> {
  let result: unknown;
  try {
    result = await action();
  } catch (error) {
    assert(error instanceof Error, `expected an Error, got ${String(error)}`);
    return error;
  }
  throw new Error(`expected an error, got the result ${show(result)}`);
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a.constructor !== b.constructor) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

function show(value: unknown): string {
  if (ArrayBuffer.isView(value))
    return `[${Array.from(value as Float32Array)
      .slice(0, 8)
      .join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(JSON.stringify(value) ?? value);
}
