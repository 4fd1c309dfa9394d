import { randomUUID } from "node:crypto";
import type { Dirent } from "node:fs";
import { link, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { type BlobStore, checkBlobKey } from "./blob-store.ts";

/** Not a possible name in a key. */
const INCOMING = ".incoming";

/** No blob takes so long to write: what is older is that of a process that was killed. */
const ABANDONED_MS = 3_600_000;

/**
 * Blobs as files (0600) in folders (0700) below `directory`, which is made when it is missing. A blob appears under its
 * name whole and synced, or not at all. Several processes may share the directory.
 */
export async function createFileBlobStore(directory: string): Promise<BlobStore> {
  const incoming = join(directory, INCOMING);
  await guarded(async () => {
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    await removeAbandoned(incoming);
  });
  return {
    putIfAbsent: (key, bytes) => withKey(key, () => put({ directory, incoming }, key, bytes)),
    get: (key) => withKey(key, () => ifThere(readFile(join(directory, key)))),
    list: (prefix) => guarded(() => list(directory, prefix)),
    delete: (key) =>
      withKey(key, async () => {
        const path = join(directory, key);
        await ifThere(unlink(path).then(() => syncFolder(dirname(path))));
      }),
  };
}

/** What a killed process had not finished writing was never acknowledged; what is young may be another's that lives. */
async function removeAbandoned(incoming: string): Promise<void> {
  const before = Date.now() - ABANDONED_MS;
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name);
    const found = await ifThere(stat(path));
    if (found !== undefined && found.mtimeMs < before) await ifThere(unlink(path));
  }
}

async function put(at: { directory: string; incoming: string }, key: string, bytes: Uint8Array) {
  const path = join(at.directory, key);
  const temporary = join(at.incoming, randomUUID());
  await makeFolder(at.directory, dirname(path));
  try {
    await writeSynced(temporary, bytes);
    // A hard link, not a rename: rename would silently replace what another writer has stored meanwhile.
    const stored = await link(temporary, path).then(
      () => true,
      (error: unknown) => (codeOf(error) === "EEXIST" ? false : Promise.reject(error)),
    );
    // For `exists` as well: the other writer may not have come to its own sync yet.
    await syncFolder(dirname(path));
    return stored ? "stored" : "exists";
  } finally {
    await ifThere(unlink(temporary));
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the folder and syncs every folder that got a new entry by it. */
async function makeFolder(root: string, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = dirname(folder); at.length >= root.length; at = dirname(at)) {
    await syncFolder(at);
    if (at === dirname(first)) return;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().finally(() => folder.close());
}

async function list(directory: string, prefix: string): Promise<readonly string[]> {
  // Only the folder in which the prefix ends is walked; a prefix that no key can have finds nothing.
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (folder !== "") {
    try {
      checkBlobKey(folder.slice(0, -1));
    } catch {
      return [];
    }
  }
  const keys: string[] = [];
  await walk(directory, folder, keys);
  return keys.filter((key) => key.startsWith(prefix)).sort();
}

async function walk(directory: string, folder: string, keys: string[]): Promise<void> {
  const entries: Dirent[] = (await ifThere(readdir(join(directory, folder), { withFileTypes: true }))) ?? [];
  for (const entry of entries) {
    if (entry.isFile()) keys.push(folder + entry.name);
    else if (entry.isDirectory() && entry.name !== INCOMING) await walk(directory, `${folder}${entry.name}/`, keys);
  }
}

async function withKey<T>(key: string, run: () => Promise<T>): Promise<T> {
  checkBlobKey(key);
  return guarded(run);
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new TidewaiterError(
      "storage_unavailable",
      `the recordings directory failed (${codeOf(error) ?? "unknown error"})`,
      {
        cause: error,
      },
    );
  }
}

async function ifThere<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
