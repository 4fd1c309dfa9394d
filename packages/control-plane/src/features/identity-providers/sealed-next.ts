import { createHmac } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { decrypt, encrypt } from "../../seal/cipher.ts";

const CONTEXT = ["pending sign-in", "next"];

/**
 * Where to go after the provider can hold a one-time code (`/device?code=...`, the link of a login by browser). Only the
 * browser that began can open it: the key follows from its cookie, of which the store has no more than a hash.
 */
export function sealNext(cookie: string, next: string): string {
  return encrypt(keyOf(cookie), CONTEXT, Buffer.from(next));
}

/** Undefined when it was not sealed for this cookie. */
export function openNext(cookie: string, sealed: string): string | undefined {
  try {
    return decrypt(keyOf(cookie), CONTEXT, sealed).toString();
  } catch (error) {
    if (error instanceof TidewaiterError) return undefined;
    throw error;
  }
}

function keyOf(cookie: string): Buffer {
  return createHmac("sha256", cookie).update("next page").digest();
}
