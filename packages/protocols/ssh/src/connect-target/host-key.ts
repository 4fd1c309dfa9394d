import { createHash, timingSafeEqual } from "node:crypto";

/** As OpenSSH shows it: `SHA256:` and base64 without padding, over the key's wire form (RFC 4253, 6.6). */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Whether the key is one of those that were accepted for the host. */
export function isAccepted(key: Uint8Array, accepted: readonly string[]): boolean {
  const found = Buffer.from(fingerprint(key));
  return accepted.some((line) => {
    const blob = line.split(" ")[1];
    const known = Buffer.from(blob === undefined ? line : fingerprint(Buffer.from(blob, "base64")));
    return known.length === found.length && timingSafeEqual(known, found);
  });
}
