import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import type { AuthenticationResult } from "@tidewaiter/core";
import type { ErrorText } from "../errors.ts";
import type { ScramAccount } from "../scram/server.ts";

export interface ListenerTls {
  /** `required`: a login in clear text is refused; cancel requests are not (libpq before 17 never encrypts them). */
  readonly policy: "required" | "optional";
  /** Made with a `sessionIdContext`, or clients that resume TLS sessions (JDBC does) are refused when certificates are asked for. */
  readonly secureContext: SecureContext;
  /** Certificate by TLS server name; undefined means `secureContext`. */
  readonly contextFor?: (serverName: string) => SecureContext | undefined;
}

/** What became of a client certificate; TLS has shown already that the client holds its key. */
export type CertificateAnswer =
  | { readonly accepted: Extract<AuthenticationResult, { ok: true }> }
  /** Not ours. Many clients send whatever certificate they find, so a secret may still prove who this is. */
  | { readonly foreign: true }
  | { readonly refused: ErrorText };

export interface AcceptOptions {
  /** Without it SSLRequest is answered `N` and everything is in clear text. */
  readonly tls?: ListenerTls;
  /**
   * All secrets that may prove this user now, or undefined when there is no such user. Expired secrets may be among them,
   * so that only who proves one is told that it expired. Should take the same time for known and unknown users.
   */
  readonly lookupVerifiers: (user: string) => Promise<ScramAccount | undefined>;
  /** Without it no client is asked for a certificate. At most 8 KiB of DER reach it. */
  readonly authenticateCertificate?: (certificate: Buffer, user: string) => Promise<CertificateAnswer>;
  /** Secret of the installation, at least 32 bytes: makes the salts of users that do not exist. */
  readonly mockKey: Uint8Array;
  /** From the first byte to the proof. Default 15 s. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Named access levels of a resource. */
export type AccessLevel = "read" | "write" | "admin";

/** What a client has shown; whether that is enough is decided by `authorizeSession`. */
export type ClientProof =
  | { readonly kind: "secret"; readonly verifierId: string }
  /** Checked, and counted as a use. */
  | { readonly kind: "certificate"; readonly identified: Extract<AuthenticationResult, { ok: true }> }
  /** Nothing yet: somebody has to sign in for it in a browser. */
  | { readonly kind: "none" }
  /** Not checked yet. */
  | { readonly kind: "token"; readonly token: string };

/** A client that has proven a secret, or handed over a token. It waits for AuthenticationOk or a FATAL error. */
export interface ClientLogin {
  readonly kind: "login";
  /** The stream given, or TLS over it. Paused; bytes that came early are still in it. */
  readonly stream: Duplex;
  /** Name of the principal, or `token`, or `login`. */
  readonly user: string;
  readonly level?: AccessLevel;
  /** As sent; clients without one mean a database named like the user. */
  readonly database?: string;
  /** TLS server name. */
  readonly serverName?: string;
  /** Of protocol 3: from 2 on the client takes cancel keys of up to 256 bytes, before exactly 4. */
  readonly protocolMinor: number;
  /** Startup parameters other than user, database, replication and protocol options. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly tls: boolean;
  /** True when SCRAM-SHA-256-PLUS tied the proof to this TLS connection. */
  readonly channelBinding: boolean;
  readonly proof: ClientProof;
}

/** A CancelRequest. The stream is left open for `endQuietly`: the protocol has no answer to it. */
export interface ClientCancel {
  readonly kind: "cancel";
  readonly stream: Duplex;
  readonly processId: number;
  readonly secretKey: Buffer;
}

/** A handshake that failed; the client was told so in its own protocol and the stream is ending. */
export interface ClientRefused {
  readonly kind: "refused";
  readonly code: RefusalCode;
  /** SQLSTATE that the client saw; undefined when nothing could be said. */
  readonly sqlState?: string;
  /** As the client wrote it, level included. Untrusted: at most 256 characters of anything. */
  readonly user?: string;
  readonly serverName?: string;
  /** It showed a certificate that is not ours, and proved nothing else. */
  readonly foreignCertificate?: true;
  /** For the log: the error behind `lookup_failed` or `tls_failed`. */
  readonly cause?: unknown;
}

export type RefusalCode =
  /** It closed, or was reset, before the handshake was complete. psql does so to ask for a password. */
  | "client_left"
  | "timeout"
  | "shutdown"
  | "protocol_violation"
  | "tls_failed"
  | "tls_required"
  | "unsupported"
  | "bad_user"
  | "bad_secret"
  | "bad_certificate"
  /** `lookupVerifiers` failed. */
  | "lookup_failed";

export type AcceptedClient = ClientLogin | ClientCancel | ClientRefused;
