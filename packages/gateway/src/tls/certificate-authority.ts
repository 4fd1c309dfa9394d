import "reflect-metadata"; // needed by @peculiar/x509 before it is loaded
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 24 * 3_600_000;
const ROOT_DAYS = 3650;
/** Longest that browsers and Apple's TLS accept for a server certificate. */
const LEAF_DAYS = 398;
/** Clocks of clients may be behind. */
const CLOCK_SKEW_MS = 3_600_000;
const LIMIT_PATH_LENGTH = 0;

/** A certificate and its private key (PKCS #8), PEM. */
export interface KeyedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A new root that may sign leaves, and nothing but leaves. */
export async function createRoot(commonName: string, now: Date): Promise<KeyedCertificate> {
  const keys = await newKeys();
  const flags = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [commonName] }],
    keys,
    ...validity(now, ROOT_DAYS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, LIMIT_PATH_LENGTH, true),
      new x509.KeyUsagesExtension(flags, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: root.toString("pem"), keyPem: await exportKey(keys.privateKey) };
}

/**
 * A server certificate for the names, signed by the root.
 * @param names DNS names (a leading `*.` is a wildcard) and IP addresses; at least one
 */
export async function issueLeaf(
  root: KeyedCertificate,
  names: readonly string[],
  now: Date,
): Promise<KeyedCertificate> {
  const rootCertificate = new x509.X509Certificate(root.certPem);
  const keys = await newKeys();
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [names[0] ?? "localhost"] }],
    issuer: rootCertificate.subject,
    ...validity(now, LEAF_DAYS),
    signingKey: await importKey(root.keyPem),
    publicKey: keys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
      await x509.AuthorityKeyIdentifierExtension.create(rootCertificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: leaf.toString("pem"), keyPem: await exportKey(keys.privateKey) };
}

function alternativeName(value: string) {
  return { type: isIP(value) === 0 ? "dns" : "ip", value } as const;
}

function newKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** 16 random bytes; the first bit is cleared, since a serial number is positive (RFC 5280, section 4.1.2.2). */
function newSerial(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function validity(now: Date, days: number) {
  const start = now.getTime() - CLOCK_SKEW_MS;
  return { notBefore: new Date(start), notAfter: new Date(start + days * DAY_MS) };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

function importKey(keyPem: string) {
  const der = x509.PemConverter.decodeFirst(keyPem);
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}
