import type { CredentialForm, TargetCredential } from "./control-plane.ts";
import { TidewaiterError } from "./errors.ts";

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
