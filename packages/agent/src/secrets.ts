import { open } from "node:fs/promises";
import { AgentError } from "./errors.ts";

/** Fits a control message. */
const MAX_SECRET_BYTES = 60 * 1024;

export interface SecretSource {
  /** The bytes of a secret by its name. @throws AgentError `not_allowed` | `secret_unavailable` */
  read(name: string): Promise<Uint8Array>;
}

/**
 * Secrets that exist only in this network: `env:NAME` and `file:/path`, those of `allowed` and no others.
 * @throws AgentError `usage` for a name of another form
 */
export function createSecretSource(
  allowed: readonly string[],
  readVariable: (name: string) => string | undefined,
): SecretSource {
  for (const name of allowed) {
    if (!/^env:[A-Za-z_][A-Za-z0-9_]*$|^file:\/.+$/.test(name)) {
      throw new AgentError("usage", `--allow-secret ${name}: expected env:NAME or file:/path`);
    }
  }
  const names = new Set(allowed);
  return {
    async read(name) {
      if (!names.has(name)) throw new AgentError("not_allowed", "this secret is not on the agent's list");
      if (name.startsWith("file:")) return readSecretFile(name.slice("file:".length));
      const value = readVariable(name.slice("env:".length));
      if (value === undefined) throw new AgentError("secret_unavailable", "the variable is not set");
      return Buffer.from(value, "utf8");
    },
  };
}

async function readSecretFile(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > MAX_SECRET_BYTES) throw new AgentError("secret_unavailable", "the file is too large");
    return await file.readFile();
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError("secret_unavailable", "the file cannot be read", { cause: error });
  }
}
