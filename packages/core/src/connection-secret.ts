/**
 * What may open connections for a while. `password`: a random secret, kept as a SCRAM verifier. `certificate` and
 * `ssh_certificate`: issued by an authority of our own for a key that never left the client. `browser`: somebody signed
 * in for a client address.
 */
export type ConnectionSecretKind = "password" | "certificate" | "ssh_certificate" | "ssh_key" | "browser";

/** How connection secrets of a resource may be, times in seconds; what is left out is as the installation has it. */
export interface SecretRules {
  /** How long a secret opens connections when nobody asks for a time. */
  readonly ttl?: number | undefined;
  readonly maxTtl?: number | undefined;
  /** Each secret opens one connection. */
  readonly singleUse?: boolean | undefined;
  /** How long one login by browser covers the connections of its client; 0 = no such logins. */
  readonly browserTtl?: number | undefined;
  /** `required`: only what was made in a person's presence (a passkey touch) opens connections, each once, soon. */
  readonly presence?: "none" | "required" | undefined;
}

/** One installation has one certificate authority for each use, so that a certificate for one is worth nothing for another. */
export type CertificateUse = "postgres-client" | "ssh-user" | "ssh-host" | "ssh-target" | "kubernetes-client";

export type BrowserLoginState = "waiting" | "approved" | "denied" | "withdrawn";

/** A client without a secret asks that somebody signs in for it in a browser. */
export interface BrowserLoginRequest {
  readonly gatewayId: string;
  /** Without the port. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** As the client wrote it. */
  readonly resourceName: string;
  readonly application?: string;
}

export type BrowserLoginAnswer =
  /** Somebody signed in for this address and resource a moment ago. */
  | { readonly state: "approved"; readonly id: string; readonly principalName: string }
  | {
      readonly state: "waiting";
      readonly id: string;
      /** Path of the page on the public URL; holds a secret that works once, for whoever opens it and knows the code. */
      readonly path: string;
      /** What the client shows and the page asks for. */
      readonly code: string;
      readonly expiresAt: string;
    }
  | { readonly state: "refused"; readonly reason: "too_many" };

/** How a login by browser stands now. `expired` is told by the clock. */
export type BrowserLoginStanding =
  | { readonly state: "waiting" }
  | { readonly state: "approved"; readonly principalName: string }
  | { readonly state: "denied" | "withdrawn" | "expired" };
