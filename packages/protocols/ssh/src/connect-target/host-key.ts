import { createHash, timingSafeEqual } from "node:crypto";
import { checkCertificate } from "@tidewaiter/toolkit/ssh-certificate/check-certificate";
import { parsePublicKeyLine } from "@tidewaiter/toolkit/ssh-certificate/public-key";

/** As OpenSSH shows it: `SHA256:` and base64 without padding, over the key's wire form (RFC 4253, 6.6). */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Whether a certificate of the host was signed by an authority that is trusted for it, for this name and now. */
export function isCertified(
  blob: Buffer,
  {
    host,
    hostAuthorities,
    now,
  }: { readonly host: string; readonly hostAuthorities: readonly string[]; readonly now: number },
): boolean {
  const authorities = hostAuthorities.map(parsePublicKeyLine);
  return checkCertificate(blob, { kind: "host", authorities, principal: host, now, address: "" }).ok;
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
