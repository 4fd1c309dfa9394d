import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { certificateType, encodeCertificate, encodeUnsigned, type SshCertificate } from "./certificate.ts";
import { ed25519PublicKey } from "./public-key.ts";
import { sshString } from "./ssh-string.ts";

export type NewCertificate = Omit<SshCertificate, "nonce" | "serial" | "signatureKey">;

const NONCE_BYTES = 32;

/**
 * Signs a certificate with an Ed25519 key of an authority. Returns the blob that clients present.
 * @throws RangeError for a certificate that would be good for everybody, or for ever
 */
export function issueCertificate(wanted: NewCertificate, authority: KeyObject): Buffer {
  if (wanted.principals.length === 0) throw new RangeError("a certificate without principals is one for everybody");
  if (wanted.validBefore <= wanted.validAfter) throw new RangeError("a certificate ends after it begins");
  const nonce = randomBytes(NONCE_BYTES);
  const serial = randomBytes(8).readBigUInt64BE();
  const signatureKey = ed25519PublicKey(createPublicKey(authority));
  const unsigned = encodeUnsigned({ ...wanted, nonce, serial, signatureKey });
  const signature = Buffer.concat([sshString("ssh-ed25519"), sshString(sign(null, unsigned, authority))]);
  return encodeCertificate(unsigned, signature);
}

/** A line of a `-cert.pub` file. */
export function formatCertificateLine(blob: Buffer, key: SshCertificate["key"], comment: string): string {
  return `${certificateType(key)} ${blob.toString("base64")} ${comment}`;
}
