import type { KeyObject } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { type CertificateProblem, checkCertificate } from "@tidewaiter/toolkit/ssh-certificate/check-certificate";
import { formatCertificateLine, issueCertificate } from "@tidewaiter/toolkit/ssh-certificate/issue-certificate";
import {
  formatPublicKeyLine,
  parsePublicKeyLine,
  type SshPublicKey,
} from "@tidewaiter/toolkit/ssh-certificate/public-key";
import { fingerprintOf } from "./client-certificate.ts";
import { CLOCK_SKEW_MS } from "./x509-authority.ts";

/** An RSA key of 8192 bits is 1.4 kB in base64. */
export const MAX_SSH_KEY_LINE = 4096;
/**
 * Critical, so that a host that trusts our authority for other purposes takes no certificate that was meant for one
 * resource behind the gateway: it does not know the option, and must then refuse.
 */
export const RESOURCE_OPTION = "resource@tidewaiter";

export interface SshUserCertificate {
  readonly publicKey: SshPublicKey;
  /** The user name that the client gives to the gateway. */
  readonly principal: string;
  readonly secretId: string;
  readonly resource: string | undefined;
  readonly now: number;
  readonly expiresAt: number;
}

/** An OpenSSH user certificate, signed with the Ed25519 key of the authority for `ssh-user`. */
export function issueSshUserCertificate(wanted: SshUserCertificate, authority: KeyObject) {
  const { publicKey, principal, secretId, resource, now, expiresAt } = wanted;
  const blob = issueCertificate(
    {
      key: publicKey,
      kind: "user",
      keyId: secretId,
      principals: [principal],
      validAfter: toSeconds(now - CLOCK_SKEW_MS),
      validBefore: toSeconds(expiresAt),
      criticalOptions: new Map(resource === undefined ? [] : [[RESOURCE_OPTION, resource]]),
      extensions: new Map([
        ["permit-port-forwarding", ""],
        ["permit-pty", ""],
      ]),
    },
    authority,
  );
  const line = formatCertificateLine(blob, publicKey, `${principal} ${secretId}`);
  return { line, fingerprint: fingerprintOf(blob) };
}

interface SshHost {
  readonly key: SshPublicKey;
  readonly names: readonly string[];
  readonly now: number;
  readonly expiresAt: number;
}

/** An OpenSSH host certificate for a gateway, signed with the Ed25519 key of the authority for `ssh-host`. */
export function issueSshHostCertificate({ key, names, now, expiresAt }: SshHost, authority: KeyObject): Buffer {
  return issueCertificate(
    {
      key,
      kind: "host",
      keyId: "tidewaiter-gateway",
      principals: names,
      validAfter: toSeconds(now - CLOCK_SKEW_MS),
      validBefore: toSeconds(expiresAt),
      criticalOptions: new Map(),
      extensions: new Map(),
    },
    authority,
  );
}

/** @throws TidewaiterError `bad_request` */
export function sshPublicKey(line: string): SshPublicKey {
  try {
    return parsePublicKeyLine(line);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new TidewaiterError("bad_request", `publicKey: ${error.message}`);
  }
}

interface Presented {
  readonly blob: Buffer;
  readonly authorities: readonly Readonly<Record<string, unknown>>[];
  readonly principal: string;
  readonly address: string;
  readonly now: number;
}

export type CheckedSshCertificate =
  | { readonly ok: true; readonly secretId: string; readonly fingerprint: string }
  | {
      readonly ok: false;
      readonly problem: CertificateProblem;
      readonly secretId?: string;
      readonly expiredAt?: string;
    };

/** Whether it was issued here, for this, now and to this principal; what it may still do, its record says. */
export function checkSshUserCertificate({ blob, authorities, ...given }: Presented): CheckedSshCertificate {
  const checked = checkCertificate(blob, {
    ...given,
    kind: "user",
    authorities: authorities.map(authorityKey),
    knownOptions: [RESOURCE_OPTION],
  });
  const secretId = checked.certificate?.keyId ?? "";
  if (checked.ok) return { ok: true, secretId, fingerprint: fingerprintOf(blob) };
  const { problem, certificate } = checked;
  if (problem !== "expired" || certificate === undefined) return { ok: false, problem, secretId };
  return { ok: false, problem, secretId, expiredAt: new Date(Number(certificate.validBefore) * 1000).toISOString() };
}

/** For `@cert-authority` of known_hosts and for TrustedUserCAKeys. */
export function authorityLine(publicJwk: Readonly<Record<string, unknown>>, use: string): string {
  return formatPublicKeyLine(authorityKey(publicJwk), `tidewaiter-${use}`);
}

function authorityKey({ x }: Readonly<Record<string, unknown>>): SshPublicKey {
  return { type: "ssh-ed25519", fields: [Buffer.from(String(x), "base64url")] };
}

export function toSeconds(instant: number): bigint {
  return BigInt(Math.floor(instant / 1000));
}
