import { readFile } from "node:fs/promises";
import { TidewaiterError } from "@tidewaiter/core/errors";

/**
 * What the server itself signs in with at a store: `env:NAME` or `file:/path` in its settings, which the operator writes.
 * Read at each use, so that a file may be renewed.
 */
export async function readLocalSecret(
  text: string,
  readVariable: (name: string) => string | undefined,
): Promise<string> {
  const value = text.startsWith("env:") ? readVariable(text.slice(4)) : await readText(text.slice("file:".length));
  const trimmed = value?.trim();
  if (!trimmed) throw new TidewaiterError("secret_unavailable", `${text}, which signs in at a secret store, is empty`);
  return trimmed;
}

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new TidewaiterError("secret_unavailable", `${path}, which a secret store needs, cannot be read`, { cause });
  }
}
