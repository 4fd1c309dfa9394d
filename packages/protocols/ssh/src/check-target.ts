import type { Duplex } from "node:stream";
import type { Finding, TargetCredential } from "@tidewaiter/core";
import { connectTarget, SshTargetError } from "./connect-target/connect-target.ts";
import { sshTargetSchema } from "./target-schema.ts";

const AUTHORITY =
  "on the host, TrustedUserCAKeys names a file that holds what tw authorities list --use ssh-target --bundle prints";

/** Connects as a session would: says which key the host shows, and whether the credential is taken. */
export async function checkTarget(input: {
  readonly target: unknown;
  readonly credential: TargetCredential;
  readonly dial: () => Promise<Duplex>;
}): Promise<readonly Finding[]> {
  const target = sshTargetSchema.parse(input.target);
  const findings: Finding[] = [];
  if (target.algorithms === "legacy")
    findings.push({
      severity: "warning",
      code: "legacy_algorithms",
      message: "old algorithms are allowed towards this host: SHA-1, CBC, small groups",
      mend: "algorithms: modern",
    });
  try {
    const { credential } = input;
    const { client, hostKey } = await connectTarget({
      stream: await input.dial(),
      target,
      credential,
      resource: "the host",
    });
    client.end();
    findings.push({ severity: "ok", code: "host_key", message: `the host shows the accepted key ${hostKey}` });
    findings.push({ severity: "ok", code: "login", message: `logs in as ${credential.username}` });
    if (credential.username === "root")
      findings.push({
        severity: "warning",
        code: "root_login",
        message: "the credential is that of root: whatever a session does, it may do everything",
        mend: "a login of its own for each access level",
      });
  } catch (error) {
    if (!(error instanceof SshTargetError)) throw error;
    findings.push(found(error, input.credential));
  }
  return findings;
}

function found(error: SshTargetError, credential: TargetCredential): Finding {
  const message = error.message;
  if (error.code === "login" && credential.type === "ssh_certificate")
    return { severity: "problem", code: error.code, message, mend: AUTHORITY };
  if (error.code !== "host_key" || error.hostKey === undefined)
    return { severity: "problem", code: error.code, message };
  return {
    severity: "problem",
    code: "host_key",
    message,
    mend: `compare it with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the host, then set hostKeys: ["${error.hostKey}"]`,
  };
}
