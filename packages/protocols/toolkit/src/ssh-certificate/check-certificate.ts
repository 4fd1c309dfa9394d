import { timingSafeEqual, verify } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { decodeCertificate, type SignedCertificate } from "./certificate.ts";
import { encodePublicKey, type SshPublicKey, toKeyObject } from "./public-key.ts";
import { readString } from "./ssh-string.ts";

export interface CertificateExpectation {
  readonly kind: "user" | "host";
  /** Keys of authorities that are trusted now. */
  readonly authorities: readonly SshPublicKey[];
  readonly principal: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** IP address of the peer, for the critical option `source-address`. */
  readonly address: string;
  /** Critical options besides `source-address` that the caller checks itself. */
  readonly knownOptions?: readonly string[];
}

export type CertificateProblem =
  /** Not readable, not signed by one of the authorities, or for the other kind. */
  | "foreign"
  | "not_yet"
  | "expired"
  | "other_principal"
  | "other_address"
  /** A critical option that we do not know: PROTOCOL.certkeys says to refuse. */
  | "unknown_option";

export type CheckedCertificate =
  | { readonly ok: true; readonly certificate: SignedCertificate }
  | { readonly ok: false; readonly problem: CertificateProblem; readonly certificate?: SignedCertificate };

const ALGORITHM = "ssh-ed25519";
const SKEW_SECONDS = 300n;

/**
 * Is this certificate worth something here and now? That its holder has the key the SSH signature shows, and whether it
 * was revoked its record. Never throws for what a peer sends.
 */
export function checkCertificate(blob: Buffer, expected: CertificateExpectation): CheckedCertificate {
  const certificate = decodeOrNone(blob);
  if (certificate === undefined || certificate.kind !== expected.kind || !isSigned(certificate, expected.authorities)) {
    return { ok: false, problem: "foreign" };
  }
  const problem = problemOf(certificate, expected);
  return problem === undefined ? { ok: true, certificate } : { ok: false, problem, certificate };
}

function problemOf(certificate: SignedCertificate, expected: CertificateExpectation): CertificateProblem | undefined {
  const now = BigInt(Math.floor(expected.now / 1000));
  if (certificate.validAfter > now + SKEW_SECONDS) return "not_yet";
  if (certificate.validBefore <= now) return "expired";
  // Without any principal OpenSSH would take it for all: we take it for none.
  if (!certificate.principals.includes(expected.principal)) return "other_principal";
  for (const [name, value] of certificate.criticalOptions) {
    if (name === "source-address") {
      if (!listed(value, expected.address)) return "other_address";
    } else if (!(expected.knownOptions ?? []).includes(name)) return "unknown_option";
  }
  return undefined;
}

function decodeOrNone(blob: Buffer): SignedCertificate | undefined {
  try {
    return decodeCertificate(blob);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Ed25519 alone: our authorities have no other keys, and so there is no algorithm to be talked into. */
function isSigned(
  { signatureKey, signed, signature }: SignedCertificate,
  authorities: readonly SshPublicKey[],
): boolean {
  if (signatureKey.type !== ALGORITHM) return false;
  const own = encodePublicKey(signatureKey);
  const trusted = authorities.some((authority) => {
    const theirs = encodePublicKey(authority);
    return theirs.length === own.length && timingSafeEqual(theirs, own);
  });
  if (!trusted) return false;
  try {
    const reader = new ByteReader(signature);
    const algorithm = readString(reader, "algorithm").toString("latin1");
    const bytes = readString(reader, "signature");
    reader.expectEnd("signature");
    return algorithm === ALGORITHM && verify(null, signed, toKeyObject(signatureKey), bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

/** Addresses and CIDR blocks, separated by commas. What cannot be read lets nobody in. */
function listed(value: string, address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const allowed = new BlockList();
  for (const entry of value.split(",")) {
    const [network = "", bits] = entry.split("/");
    const kind = isIP(network);
    const most = kind === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (kind === 0 || !(prefix >= 0 && prefix <= most)) return false;
    allowed.addSubnet(network, prefix, kind === 4 ? "ipv4" : "ipv6");
  }
  return allowed.check(address, family === 4 ? "ipv4" : "ipv6");
}
