import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { TargetCredential } from "@tidewaiter/core";
import { issueCertificate } from "@tidewaiter/toolkit/ssh-certificate/issue-certificate";
import { ed25519PublicKey } from "@tidewaiter/toolkit/ssh-certificate/public-key";
import type { CertificateAuthorities } from "./authorities.ts";
import { toSeconds } from "./ssh-certificates.ts";
import { CLOCK_SKEW_MS } from "./x509-authority.ts";

/** Needed at the login alone; and a host's clock may be late. */
const VALID_MS = 5 * 60_000;

export interface TargetCertificateParts {
  readonly authorities: CertificateAuthorities;
  readonly now: () => number;
}

export interface TargetLogin {
  /** At the target. */
  readonly username: string;
  readonly resource: string;
  readonly sessionId: string;
  readonly who: string;
}

/**
 * A key and a certificate of it for one login at an SSH host, by the authority `ssh-target`, which signs nothing else:
 * a host that trusts it takes nobody's own certificate for the gateway. Neither is kept.
 *
 * Principals are the login and `LOGIN@RESOURCE`: a host that asks for the second (AuthorizedPrincipals) takes only
 * certificates for that resource. The key id is what sshd logs: the session and who is behind it.
 */
export async function issueTargetCertificate(
  { authorities, now }: TargetCertificateParts,
  { username, resource, sessionId, who }: TargetLogin,
): Promise<TargetCredential> {
  const { privateKey: authority } = await authorities.issuer("ssh-target");
  const { privateKey } = generateKeyPairSync("ed25519");
  const certificate = issueCertificate(
    {
      key: ed25519PublicKey(createPublicKey(privateKey)),
      kind: "user",
      keyId: `${sessionId} ${who}`,
      principals: [username, `${username}@${resource}`],
      validAfter: toSeconds(now() - CLOCK_SKEW_MS),
      validBefore: toSeconds(now() + VALID_MS),
      criticalOptions: new Map(),
      // no ~/.ssh/rc; whether there are forwards the gateway decides, which alone holds the key
      extensions: new Map([
        ["permit-X11-forwarding", ""],
        ["permit-agent-forwarding", ""],
        ["permit-port-forwarding", ""],
        ["permit-pty", ""],
      ]),
    },
    authority,
  );
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { type: "ssh_certificate", username, certificate: certificate.toString("base64"), privateKeyPem };
}
