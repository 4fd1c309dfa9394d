import type { AccessLevel } from "../api/shapes.ts";

/** kubectl asks anew so long before the end, or in the last tenth of a shorter life. */
const EARLY_MS = 30_000;

/** What the gateway takes as a bearer token: who, at which level, and the secret. */
export function gatewayToken(
  { username, secret }: { readonly username: string; readonly secret: string },
  level: AccessLevel | undefined,
): string {
  return `${username}${level === undefined ? "" : `/${level}`}~${secret}`;
}

/** Kubernetes, "client-go credential plugins", client.authentication.k8s.io/v1. */
export function execCredential(
  token: string,
  { madeAt, expiresAt }: { readonly madeAt: string; readonly expiresAt: string },
) {
  const end = Date.parse(expiresAt);
  const early = Math.min(EARLY_MS, (end - Date.parse(madeAt)) / 10);
  return {
    kind: "ExecCredential",
    apiVersion: "client.authentication.k8s.io/v1",
    // RFC 3339 without fractions, as Kubernetes writes it
    status: { token, expirationTimestamp: `${new Date(end - early).toISOString().slice(0, 19)}Z` },
  };
}
