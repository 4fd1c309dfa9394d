import { createHash, randomInt } from "node:crypto";

export const RECOVERY_CODES = 10;
/** Without i, l, o and u, which are misread. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 20;

/** Ten codes of 100 random bits, `k7qf2-9dm4x-p0s3w-6hntv`; each works once. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const letters = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)] ?? "");
    return letters.join("").replace(/(.{5})(?=.)/g, "$1-");
  });
}

/** As typed: case, spaces and hyphens do not matter. 100 bits need no slow hash. */
export function hashRecoveryCode(code: string): string {
  return createHash("sha256").update(code.toLowerCase().replace(/[\s-]/g, "")).digest("hex");
}
