import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";

const NONCE = 12;
const TAG = 16;

/** AES-256-GCM with a random 96-bit nonce: base64url of nonce, ciphertext, tag. */
export function encrypt(key: Uint8Array, context: readonly string[], plaintext: Uint8Array): string {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associated(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64url");
}

/** Throws `internal` when key, context or text are not the ones it was sealed with. */
export function decrypt(key: Uint8Array, context: readonly string[], sealed: string): Buffer {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes.length < NONCE + TAG) throw unreadable();
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(associated(context));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, bytes.length - TAG)), decipher.final()]);
  } catch {
    throw unreadable();
  }
}

function associated(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context));
}

function unreadable(): TidewaiterError {
  return new TidewaiterError("internal", "a sealed value cannot be opened: it was changed, moved, or its key is gone");
}
