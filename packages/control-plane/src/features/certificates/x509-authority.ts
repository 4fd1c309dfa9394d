import "reflect-metadata"; // needed by @peculiar/x509 before it is loaded
import { type KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { CertificateUse } from "@tidewaiter/core";

x509.cryptoProvider.set(webcrypto);

export const SIGNING = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const AUTHORITY_MS = 3650 * 24 * 3_600_000;
/** Clocks of others may be behind. */
export const CLOCK_SKEW_MS = 5 * 60_000;

interface NewAuthority {
  readonly kid: string;
  readonly use: CertificateUse;
  readonly pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly now: Date;
}

/** A root for one use that signs leaves and nothing but leaves (RFC 5280). PEM. */
export async function createAuthority({ kid, use, pair, now }: NewAuthority): Promise<string> {
  const keys = {
    publicKey: pair.publicKey.toCryptoKey(SIGNING, true, ["verify"]),
    privateKey: pair.privateKey.toCryptoKey(SIGNING, false, ["sign"]),
  };
  const start = now.getTime() - CLOCK_SKEW_MS;
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: authorityName(kid, use),
    keys,
    notBefore: new Date(start),
    notAfter: new Date(start + AUTHORITY_MS),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return root.toString("pem");
}

/** The key's id is the common name, so that a certificate says which key has signed it. */
function authorityName(kid: string, use: CertificateUse): x509.JsonName {
  return [{ O: ["Tidewaiter"] }, { OU: [use] }, { CN: [kid] }];
}

/** 16 random bytes; positive (RFC 5280, section 4.1.2.2). */
export function newSerial(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
