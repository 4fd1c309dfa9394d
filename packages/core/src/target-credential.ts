import { TidewaiterError } from "./errors.ts";

export type TargetCredential =
  | { readonly type: "password"; readonly username: string; readonly password: string }
  | {
      readonly type: "certificate";
      readonly username: string;
      readonly certificatePem: string;
      readonly privateKeyPem: string;
    }
  /** A private key in PEM, in OpenSSH's form or PKCS #8, without a passphrase. */
  | { readonly type: "ssh_key"; readonly username: string; readonly privateKeyPem: string }
  /** A bearer token (RFC 6750, section 2.1), such as that of a Kubernetes service account. */
  | { readonly type: "token"; readonly username: string; readonly token: string }
  /** Made for one login: an OpenSSH user certificate (the blob, base64) of a new Ed25519 key, and that in PKCS #8. */
  | {
      readonly type: "ssh_certificate";
      readonly username: string;
      readonly certificate: string;
      readonly privateKeyPem: string;
    }
  | { readonly type: "trust"; readonly username: string };

/** What a secret that is kept elsewhere may be. */
export type CredentialForm = Exclude<TargetCredential["type"], "trust" | "ssh_certificate">;

export interface OpenCredentialOptions {
  readonly refused?: boolean;
}

/** What only the agent beside the target can read; the gateway asks it, under the session's grant, which names it too. */
export interface AgentSecret {
  readonly type: "agent_secret";
  readonly username: string;
  /** `env:NAME` or `file:/path`, as in the agent's `--allow-secret`. */
  readonly name: string;
  /** JWS for the agent: this secret, this session, short expiry. */
  readonly secretGrant: string;
  readonly form: CredentialForm;
}

export type OpenedCredential = TargetCredential | AgentSecret;

/** RFC 6750, section 2.1. Nothing else may stand in the header that carries it. */
export const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/**
 * A credential of a secret that is kept elsewhere. A certificate and its private key stand there together, in PEM.
 * @throws TidewaiterError `secret_unavailable`
 */
export function credentialFrom(
  form: CredentialForm,
  secret: { readonly username: string; readonly value: string },
): TargetCredential {
  const { username, value } = secret;
  if (username === "") throw unusable("neither the credential nor its secret names a user");
  if (form === "password") return { type: "password", username, password: value };
  if (form === "token") {
    const token = value.trim();
    if (!BEARER_TOKEN.test(token)) throw unusable("the secret does not hold a bearer token");
    return { type: "token", username, token };
  }
  const blocks = [...value.matchAll(PEM_BLOCK)].map(([text, label = ""]) => ({ text, label }));
  const certificatePem = blocks.filter(({ label }) => label === "CERTIFICATE").map(({ text }) => text);
  const privateKeyPem = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"))?.text;
  if (form === "ssh_key") {
    if (privateKeyPem === undefined) throw unusable("the secret does not hold a private key in PEM");
    return { type: "ssh_key", username, privateKeyPem };
  }
  if (certificatePem.length === 0 || privateKeyPem === undefined) {
    throw unusable("the secret does not hold a certificate and a private key in PEM");
  }
  return { type: "certificate", username, certificatePem: certificatePem.join("\n"), privateKeyPem };
}

function unusable(detail: string): TidewaiterError {
  return new TidewaiterError("secret_unavailable", detail);
}
