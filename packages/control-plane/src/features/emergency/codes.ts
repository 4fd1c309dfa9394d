import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Printed for a safe: each opens once. */
export const CODES = 8;

/** RFC 4648 without padding, lower case, in groups: it is typed from paper. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** `twe-` and eight groups of five characters: 200 random bits. */
export function newCode(): string {
  const characters = [...randomBytes(40)].map((byte) => ALPHABET[byte & 31] ?? "").join("");
  return `twe-${characters.match(/.{5}/g)?.join("-")}`;
}

/** SHA-256 (hex) of what counts of a code: people leave out hyphens and use capitals. */
export function hashCode(code: string): string {
  const plain = code.toLowerCase().replace(/[\s-]/g, "");
  return createHash("sha256").update(plain).digest("hex");
}

/** Its place among the hashes; every one is compared, in the same time. */
export function findCode(hashes: readonly string[], hash: string): number {
  const wanted = Buffer.from(hash);
  return hashes.reduce((found, known, index) => {
    const same = wanted.length === known.length && timingSafeEqual(wanted, Buffer.from(known));
    return same ? index : found;
  }, -1);
}
