import { createHash, createHmac, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { saslPrep } from "./sasl-prep.ts";

const KEY_BYTES = 32;
/** Salt length of accounts; the mock salt of an unknown user has the same. */
export const SCRAM_SALT_BYTES = 16;
/** Default of PostgreSQL (scram_iterations); connection secrets are random, so more would only cost time. */
export const SCRAM_ITERATIONS = 4096;

const deriveKey = promisify(pbkdf2);

/** What a server keeps of a secret: enough to check a proof, not enough to make one (RFC 5802, section 3). */
export interface ScramVerifierKeys {
  /** H(ClientKey), 32 bytes */
  readonly storedKey: Buffer;
  /** 32 bytes */
  readonly serverKey: Buffer;
}

/** What a client derives from its password, salt and iteration count. */
export interface ScramClientKeys extends ScramVerifierKeys {
  readonly clientKey: Buffer;
}

/** Verifier of a secret, as PostgreSQL would store it. Costs about 2 ms of a thread-pool thread at 4096 iterations. */
export async function makeVerifier(secret: string, salt: Uint8Array, iterations: number): Promise<ScramVerifierKeys> {
  const { storedKey, serverKey } = await deriveClientKeys(secret, salt, iterations);
  return { storedKey, serverKey };
}

/** SaltedPassword := Hi(Normalize(password), salt, i); ClientKey, StoredKey and ServerKey of RFC 5802, section 3. */
export async function deriveClientKeys(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramClientKeys> {
  const saltedPassword = await deriveKey(saslPrep(password), salt, iterations, KEY_BYTES, "sha256");
  const clientKey = hmac(saltedPassword, "Client Key");
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(saltedPassword, "Server Key") };
}

export function hmac(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

export function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

/** Both 32 bytes. */
export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}
