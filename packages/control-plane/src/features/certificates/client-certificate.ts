import "reflect-metadata"; // needed by @peculiar/x509 before it is loaded
import { createHash, createPublicKey, type KeyObject, webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { CLOCK_SKEW_MS, newSerial, SIGNING } from "./x509-authority.ts";

/** A request with an RSA key of 4096 bits is 1.7 kB of PEM. */
export const MAX_REQUEST_LENGTH = 8 * 1024;
const MAX_CERTIFICATE_BYTES = 8 * 1024;
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SECRET_URN = "urn:tidewaiter:secret:";
const RESOURCE_URN = "urn:tidewaiter:resource:";

export interface ClientCertificateFacts {
  readonly principal: string;
  readonly secretId: string;
  readonly resource: string | undefined;
}

/**
 * The key of a certificate request (PKCS #10, RFC 2986) whose signature shows that the sender holds it. Nothing else of
 * it is used: we say ourselves what the certificate says.
 * @throws TidewaiterError `bad_request`
 */
export async function requestedKey(requestPem: string): Promise<Buffer> {
  let spki: Buffer;
  let key: KeyObject;
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    if (!(await request.verify(webcrypto))) throw new Error("wrong signature");
    spki = Buffer.from(request.publicKey.rawData);
    key = createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    throw new TidewaiterError("bad_request", "request: not a certificate request in PEM that its own key has signed");
  }
  if (isStrong(key)) return spki;
  throw new TidewaiterError("bad_request", "request: the key is P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits");
}

function isStrong(key: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec":
      return namedCurve === "prime256v1" || namedCurve === "secp384r1";
    case "ed25519":
      return true;
    case "rsa":
      return modulusLength >= 2048 && modulusLength <= 4096;
    default:
      return false;
  }
}

interface NewClientCertificate {
  readonly authority: { readonly privateKey: KeyObject; readonly certificate: string };
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly facts: ClientCertificateFacts;
  readonly now: Date;
  readonly expiresAt: Date;
}

/** A leaf for TLS clients, bound to principal, resource and the id under which it can be revoked. */
export async function issueClientCertificate(wanted: NewClientCertificate) {
  const { authority, publicKey, facts, now, expiresAt } = wanted;
  const issuer = new x509.X509Certificate(authority.certificate);
  const subjectKey = new x509.PublicKey(publicKey);
  const resource = facts.resource === undefined ? [] : [RESOURCE_URN + facts.resource];
  const urns = [SECRET_URN + facts.secretId, ...resource];
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ O: ["Tidewaiter"] }, { CN: [facts.principal] }],
    issuer: issuer.subjectName.toJSON(),
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter: expiresAt,
    signingKey: authority.privateKey.toCryptoKey(SIGNING, false, ["sign"]),
    publicKey: subjectKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth], true),
      new x509.SubjectAlternativeNameExtension(urns.map((value) => ({ type: "url", value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(subjectKey),
    ],
  });
  const der = Buffer.from(leaf.rawData);
  return { certificatePem: leaf.toString("pem"), fingerprint: fingerprintOf(der) };
}

export function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

export interface TrustedAuthority {
  readonly id: string;
  readonly certificate: string | null;
}

export type CheckedCertificate =
  | { readonly ok: true; readonly secretId: string; readonly fingerprint: string; readonly expiredAt?: string }
  | { readonly ok: false };

/**
 * Has one of these authorities issued this very certificate, itself and for TLS clients? What it may still do, its record
 * says. A certificate in between is never looked for: our authorities sign leaves only.
 */
export function checkClientCertificate(
  der: Uint8Array,
  authorities: readonly TrustedAuthority[],
  now: number,
): CheckedCertificate {
  if (der.length > MAX_CERTIFICATE_BYTES) return { ok: false };
  try {
    const leaf = new X509Certificate(der);
    const [, kid] = /^CN=(\S+)$/m.exec(leaf.issuer) ?? [];
    const pem = authorities.find(({ id }) => id === kid)?.certificate ?? undefined;
    if (pem === undefined || leaf.ca) return { ok: false };
    const issuer = new X509Certificate(pem);
    if (!leaf.checkIssued(issuer) || !leaf.verify(issuer.publicKey)) return { ok: false };
    if (!(leaf.keyUsage ?? []).includes(CLIENT_AUTH)) return { ok: false };
    const [, secretId] =
      /(?:^|, )URI:urn:tidewaiter:secret:(sec_[a-z0-9]+)(?:,|$)/.exec(leaf.subjectAltName ?? "") ?? [];
    if (secretId === undefined || leaf.validFromDate.getTime() > now + CLOCK_SKEW_MS) return { ok: false };
    const end = leaf.validToDate;
    const expired = end.getTime() <= now ? { expiredAt: end.toISOString() } : {};
    return { ok: true, secretId, fingerprint: fingerprintOf(der), ...expired };
  } catch {
    return { ok: false };
  }
}
