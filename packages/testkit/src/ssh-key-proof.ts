import { readFileSync } from "node:fs";
import { runCommand } from "./command.ts";

const KEYS = "/v1/connection-secrets/ssh-keys";

/**
 * Registers a key as the CLI does: its holder signs a challenge. Needs ssh-keygen.
 * @param file the private key, without a passphrase; the public one beside it
 */
export async function registerSshKey(
  post: (path: string, body: unknown) => Promise<unknown>,
  file: string,
  more: object = {},
): Promise<unknown> {
  const { challenge } = (await post(`${KEYS}/challenge`, {})) as { challenge: string };
  const signing = ["-q", "-Y", "sign", "-n", "tidewaiter", "-f", file];
  const { stdout: signature } = await runCommand("ssh-keygen", signing, { input: challenge });
  const publicKey = readFileSync(`${file}.pub`, "utf8").trim();
  return post(KEYS, { publicKey, challenge, signature, ...more });
}
