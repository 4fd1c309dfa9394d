import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { normalize, sep } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { fromText, unavailable } from "../read-fields.ts";
import { onlyOptions, type SecretReference } from "../secret-reference.ts";
import { SECRET_LIMIT, type SecretStore } from "../secret-store.ts";

/**
 * `file:/path`: files below the allowed directories. Symbolic links are followed (Kubernetes mounts secrets that way) as
 * long as they stay there. One line break at the end is not part of the secret.
 */
export function createFileStore(directories: readonly string[]): SecretStore {
  const store: SecretStore = {
    scheme: "file",
    cacheMs: 0,
    check(reference) {
      onlyOptions(reference, []);
      const { path } = reference;
      if (!path.startsWith("/") || normalize(path) !== path) {
        throw new TidewaiterError("bad_request", `${reference.text}: an absolute path without . and .. is expected`);
      }
      if (!directories.some((directory) => isBelow(path, normalize(directory)))) throw notAllowed(reference);
    },
    async resolve(reference) {
      store.check(reference);
      const text = await readBelow(reference, directories);
      return fromText(reference, text.replace(/\r?\n$/, ""));
    },
  };
  return store;
}

async function readBelow(reference: SecretReference, directories: readonly string[]): Promise<string> {
  try {
    const path = await realpath(reference.path);
    const allowed = await Promise.all(directories.map((directory) => realpath(directory).catch(() => undefined)));
    if (!allowed.some((directory) => directory !== undefined && isBelow(path, directory))) throw notAllowed(reference);
    // Nothing that comes to stand there meanwhile is followed; a FIFO must not keep us waiting.
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw unavailable(reference, "it is no file");
    if (stat.size > SECRET_LIMIT) throw unavailable(reference, "it is larger than 64 KiB");
    return await file.readFile("utf8");
  } catch (error) {
    if (error instanceof TidewaiterError) throw error;
    throw unavailable(reference, "the file cannot be read", error);
  }
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : `${directory}${sep}`);
}

function notAllowed({ text }: SecretReference): TidewaiterError {
  return new TidewaiterError("bad_request", `${text}: this is not below a directory that the server may read`, {
    next: "Start the server with --secret-dir DIR.",
  });
}
