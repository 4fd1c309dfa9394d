import "reflect-metadata"; // needed by @peculiar/x509 before it is loaded
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface PemCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** The root that signed it. */
  readonly caPem: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** The O attributes, which are the groups of a Kubernetes user. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses of the subject alternative name. */
  readonly names?: readonly string[];
  readonly usage: "server" | "client";
  /** For tests of expiry. Default: an hour ago until tomorrow. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface CertificateAuthority {
  readonly caPem: string;
  issue(request: CertificateRequest): Promise<PemCertificate>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const hour = 3_600_000;

x509.cryptoProvider.set(webcrypto);

/** A new root with its own key: two calls give two authorities that do not trust each other. */
export async function certificateAuthority(commonName = "Tidewaiter test root"): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    ...validity({}),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const caPem = root.toString("pem");
  return { caPem, issue: (request) => issue(root, keys.privateKey, request) };
}

async function issue(
  root: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  request: CertificateRequest,
): Promise<PemCertificate> {
  const keys = await newKeys();
  const usage = request.usage === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const names = (request.names ?? []).map(
    (value) => ({ type: /^[\d.]+$|:/.test(value) ? "ip" : "dns", value }) as const,
  );
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [request.commonName] }, ...(request.organizations ?? []).map((name) => ({ O: [name] }))],
    issuer: root.subject,
    ...validity(request),
    signingKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: certificate.toString("pem"),
    keyPem: x509.PemConverter.encode(der, "PRIVATE KEY"),
    caPem: root.toString("pem"),
  };
}

function newKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function validity(request: { notBefore?: Date; notAfter?: Date }) {
  const now = Date.now();
  return {
    notBefore: request.notBefore ?? new Date(now - hour),
    notAfter: request.notAfter ?? new Date(now + 24 * hour),
  };
}
