import { ScramError } from "./scram-error.ts";

export const SCRAM_SHA_256 = "SCRAM-SHA-256";
export const SCRAM_SHA_256_PLUS = "SCRAM-SHA-256-PLUS";
export type ScramMechanism = typeof SCRAM_SHA_256 | typeof SCRAM_SHA_256_PLUS;

/** Longest SCRAM message accepted, in bytes; real ones stay under 300. */
export const MAX_SCRAM_MESSAGE_BYTES = 4096;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** printable = %x21-2B / %x2D-7E */
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;

/** Bytes of a SASL message as text; refuses what is too long. */
export function scramText(data: Uint8Array): string {
  if (data.length > MAX_SCRAM_MESSAGE_BYTES) throw new ScramError("malformed", "SCRAM message is too long");
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
}

/** The value of one attribute, which must have the given name (RFC 5802, section 5.1: the order is fixed). */
export function attribute(part: string | undefined, name: string): string {
  if (part === undefined || !part.startsWith(`${name}=`)) {
    throw new ScramError("malformed", `SCRAM attribute "${name}" expected`);
  }
  return part.slice(2);
}

/** Strict base64: RFC 5802 has no padding-free or spaced form, and a lax reader would accept two spellings of one value. */
export function base64(value: string, what: string): Buffer {
  if (!BASE64.test(value)) throw new ScramError("malformed", `${what} is not base64`);
  return Buffer.from(value, "base64");
}

export function checkedNonce(value: string): string {
  if (!NONCE.test(value)) throw new ScramError("malformed", "SCRAM nonce holds characters that are not printable");
  return value;
}
