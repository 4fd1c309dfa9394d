import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { ScramAccount } from "@tidewaiter/core";

const derive = promisify(pbkdf2);
const KEY_BYTES = 32;
/** Of accounts that do not exist: the time tells nothing. */
const NOBODY = { salt: randomBytes(16), iterations: 4096 };

/**
 * Which of an account's connection secrets `password` is, by the verifiers that are kept of them (RFC 5802, section 3:
 * StoredKey); undefined when it is none, or there is no such account.
 */
export async function secretOf(account: ScramAccount | undefined, password: string): Promise<string | undefined> {
  const salt = account === undefined ? NOBODY.salt : Buffer.from(account.salt, "base64");
  const salted = await derive(password, salt, account?.iterations ?? NOBODY.iterations, KEY_BYTES, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest();
  let found: string | undefined;
  for (const { id, storedKey: kept } of account?.verifiers ?? []) {
    const known = Buffer.from(kept, "base64");
    if (known.length === storedKey.length && timingSafeEqual(known, storedKey)) found = id;
  }
  return found;
}
