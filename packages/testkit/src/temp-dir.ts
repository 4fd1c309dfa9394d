import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Deletes the directory and all in it. Safe to call twice. */
  remove(): Promise<void>;
}

const live = new Set<string>();

// A run that ends early (a failed assertion, Ctrl-C in vitest) must not fill the disk.
process.once("exit", () => {
  for (const path of live) rmSync(path, { recursive: true, force: true });
});

/**
 * A new empty directory (mode 0700) under the system's temporary directory; deleted by `remove`, by `await using`,
 * or at the end of the process.
 */
export function tempDir(label = "test"): TempDir {
  const path = mkdtempSync(join(tmpdir(), `tidewaiter-${label}-`));
  live.add(path);
  const remove = async () => {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    live.delete(path);
  };
  return { path, remove, [Symbol.asyncDispose]: remove };
}
