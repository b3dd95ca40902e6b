// Files of the command line: read whole, written so that a crash never leaves half a file.
// Place: command line only. Invariant: every failure is a ConfigError that names the file and says what to do.

import { randomUUID } from "node:crypto";
import { access, constants, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigError, EdgegradError } from "../errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "is a folder, not a file",
  EACCES: "no permission",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
};

function fail(code: string, path: string, what: string, cause: unknown): never {
  const errno = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  throw new ConfigError(
    `file/${code}`,
    `${path}: ${what}: ${REASONS[errno] ?? errno}`,
    { file: path },
    { cause },
  );
}

/** The bytes of a file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    fail("read", path, "cannot be read", cause);
  }
}

/** Refuses a path that cannot be written later: asked before a long training, not after it. */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    if ((await stat(folder)).isDirectory()) await access(folder, constants.W_OK);
    else throw Object.assign(new Error(), { code: "ENOTDIR" });
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code;
    if (errno === "ENOENT" || errno === "ENOTDIR") {
      const message = `${path}: cannot be written: there is no folder ${folder}; create it first`;
      throw new ConfigError("file/write", message, { file: path }, { cause });
    }
    fail("write", path, "cannot be written", cause);
  }
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory()) fail("write", path, "cannot be written", { code: "EISDIR" });
}

/** Writes beside the target and renames, so that the file is always the old one or the new one. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    fail("write", path, "cannot be written", cause);
  }
}

/** Runs what reads the contents of a file; its errors then name the file. */
export function naming<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EdgegradError) || error.message.startsWith(path)) throw error;
    const Kind = error.constructor as typeof EdgegradError;
    throw new Kind(
      error.code,
      `${path}: ${error.message}`,
      { ...error.fields, file: path },
      { cause: error },
    );
  }
}
