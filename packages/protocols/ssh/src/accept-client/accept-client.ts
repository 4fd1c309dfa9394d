import type { Duplex } from "node:stream";
import type { AuthenticationResult, SessionHost } from "@tidewaiter/core";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { secretOf } from "@tidewaiter/toolkit/connection-secret/secret-of";
import { decodeCertificate, type SignedCertificate } from "@tidewaiter/toolkit/ssh-certificate/certificate";
import { verifiesSignature } from "@tidewaiter/toolkit/ssh-certificate/verify-signature";
import type { AuthContext, Connection, ParsedKey } from "ssh2";
import ssh2 from "ssh2";
import { OFFERED } from "../algorithms.ts";
import { fingerprint } from "../connect-target/host-key.ts";
import { REKEYS } from "../key-exchanges.ts";
import { pauseWhileUnread } from "../pause-while-unread.ts";
import { Allowance } from "../session/allowance.ts";
import { type HostKey, hostKeysOf } from "./certified-host-key.ts";
import { byKeyboardInteractive } from "./keyboard-interactive.ts";
import { parseUserName, type SshUserName } from "./user-name.ts";

const { Server, utils } = ssh2;

/**
 * Software and comment of the identification string (RFC 4253 section 4.2). asyncssh, libssh and others look for the name
 * of OpenSSH anywhere in it, and then name the ends of a symbolic link in its order: that of nearly every host behind.
 */
const IDENTIFICATION = "Tidewaiter like OpenSSH_9.0";
/**
 * Go's clients ask for a certificate before a plain key, and then refuse it where known_hosts has the plain key alone. rclone
 * has a name of its own.
 */
const REFUSES_CERTIFICATES = /^(Go$|rclone\/)/;
const HANDSHAKE_MS = 60_000;
const MAX_ATTEMPTS = 6;
/** How long a client has to hang up by itself. */
const CLOSE_MS = 1_000;
const CERTIFIED = "-cert-v01@openssh.com";
const METHODS = ["publickey", "password", "keyboard-interactive"] as const;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_MISSED = 4;
/** More than all channels together hand on, each of which waits for the socket. */
const MAX_UNREAD = 8 * 1024 * 1024;
/** Exchanges of keys cost, and nobody needs a second one before they are let in. */
const MAX_EARLY_REKEYS = 1;

type Identified = Extract<AuthenticationResult, { ok: true }>;

export type SshMethod = (typeof METHODS)[number];

/** Who came in, and where to. The connection is authenticated; nothing on it has been answered yet. */
export interface SshLogin {
  readonly connection: Connection;
  /** Ends the connection, whether its client answers or not. */
  readonly close: () => void;
  readonly name: SshUserName;
  readonly identified: Identified;
  readonly method: SshMethod;
}

export interface AcceptOptions {
  readonly hostKeys: readonly HostKey[];
  readonly host: SessionHost<Duplex>;
  readonly handshakeMs?: number;
  /** Bytes that may wait for a client before nothing more of it is read. */
  readonly maxUnread?: number;
  /** Runs in the very turn in which the client is let in: its first channel comes right behind. */
  readonly onLogin: (login: SshLogin) => void;
}

/**
 * Transport and authentication of one client (RFC 4253, RFC 4252). Resolves when the connection is over, however that came;
 * never rejects.
 */
export function acceptClient(stream: Duplex, options: AcceptOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = new Server({
    hostKeys: hostKeysOf(options.hostKeys),
    ident: IDENTIFICATION,
    algorithms: OFFERED,
    showCertificates: (software: string) => !REFUSES_CERTIFICATES.test(software),
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSED,
  } as ConstructorParameters<typeof Server>[0]);
  let deadline = setTimeout(() => stream.destroy(), options.handshakeMs ?? HANDSHAKE_MS);
  deadline.unref();
  const stop = (): void => void stream.destroy();
  const { signal } = options.host;
  signal.addEventListener("abort", stop, { once: true });
  const over = (): void => {
    clearTimeout(deadline);
    signal.removeEventListener("abort", stop);
    resolve();
  };
  const close = (connection: Connection, why?: string): void => {
    // with our patch of ssh2 it says why
    (connection.end as (description?: string) => unknown).call(connection, why);
    // one that does not hang up is hung up on
    setTimeout(() => stream.destroy(), CLOSE_MS).unref();
  };
  stream.once("close", over);
  // half of a connection is of no use to SSH
  stream.once("end", () => stream.end());
  stream.on("error", () => stream.destroy());
  if (stream.destroyed) over();
  server.on("connection", (connection) => {
    const authentication = new Authentication(options, (until) => {
      clearTimeout(deadline);
      deadline = setTimeout(() => stream.destroy(), Math.max(0, until - Date.now()));
      deadline.unref();
    });
    stream.once("close", () => authentication.left());
    pauseWhileUnread(stream, options.maxUnread ?? MAX_UNREAD);
    let early = 0;
    const rekeys = new Allowance(REKEYS);
    connection.on("rekey", () => {
      if (authentication.login === undefined) {
        if (++early > MAX_EARLY_REKEYS) stream.destroy();
      } else if (!rekeys.take()) {
        close(connection, "tidewaiter: keys were exchanged too often. Connect again, with a higher RekeyLimit");
        // what comes until it has left is not read
        stream.removeAllListeners("data").resume();
      }
    });
    connection.on("error", () => close(connection));
    connection.on("authentication", (context) => void authentication.decide(connection, context));
    connection.once("ready", () => {
      clearTimeout(deadline);
      const login = authentication.login;
      if (login === undefined) stream.destroy();
      else options.onLogin({ close: () => close(connection), connection, ...login });
    });
  });
  server.on("error", () => stream.destroy());
  server.injectSocket(stream as Parameters<typeof server.injectSocket>[0]);
  return promise;
}

/** The attempts of one client; whatever is not understood is refused in the same words. */
class Authentication {
  readonly #options: AcceptOptions;
  readonly #waitsUntil: (instant: number) => void;
  readonly #gone = new AbortController();
  #attempts = 0;
  login: Omit<SshLogin, "connection" | "close"> | undefined;

  /** @param waitsUntil is told how long a client may wait that signs in by browser */
  constructor(options: AcceptOptions, waitsUntil: (instant: number) => void) {
    this.#options = options;
    this.#waitsUntil = waitsUntil;
  }

  left(): void {
    this.#gone.abort();
  }

  async decide(connection: Connection, context: AuthContext): Promise<void> {
    const refuse = (): void => context.reject([...METHODS]);
    if (context.method === "none") return refuse();
    const name = parseUserName(context.username);
    const tried = context.method !== "publickey" || context.signature !== undefined;
    if (tried && ++this.#attempts > MAX_ATTEMPTS) return void connection.end();
    try {
      const identified = name === undefined ? undefined : await this.#identify(context, name);
      // whoever has left meanwhile is not let in: nobody would end that session
      if (this.#gone.signal.aborted) return;
      if (identified === "more") return context.accept();
      if (name === undefined || identified === undefined || identified.ok === false) {
        if (tried) await this.#refused(context, identified);
        return refuse();
      }
      this.login = { name, identified, method: METHODS.find((each) => each === context.method) ?? "publickey" };
      context.accept();
    } catch {
      // the control plane or the store: nobody is let in on a guess
      refuse();
    }
  }

  async #identify(context: AuthContext, name: SshUserName): Promise<AuthenticationResult | "more" | undefined> {
    const { controlPlane } = this.#options.host;
    if (context.method === "password") return this.#bySecret(context.password, name);
    if (context.method === "keyboard-interactive")
      return byKeyboardInteractive(context, name, {
        host: this.#options.host,
        bySecret: (secret) => this.#bySecret(secret, name),
        waitsUntil: this.#waitsUntil,
        gone: this.#gone.signal,
      });
    if (context.method !== "publickey") return undefined;
    if (context.key.algo.endsWith(CERTIFIED)) return this.#byCertificate(context, name);
    const key = parsedKey(context.key.data);
    if (key === undefined) return undefined;
    const whose = { ...(name.principal !== undefined && { principalName: name.principal }) };
    // the client asks whether the key would do: a yes promises nothing, and a no would tell which keys are known
    if (context.signature === undefined) return "more";
    if (!verifies(key, context)) return undefined;
    return controlPlane.authenticate({ type: "ssh_key", fingerprint: fingerprint(context.key.data), ...whose });
  }

  async #bySecret(secret: string, { principal }: SshUserName): Promise<AuthenticationResult | undefined> {
    const { controlPlane } = this.#options.host;
    const account = principal === undefined ? undefined : await controlPlane.lookupVerifiers(principal);
    const secretId = await secretOf(account, secret);
    if (secretId === undefined || principal === undefined) return undefined;
    return controlPlane.authenticate({ type: "secret", principalName: principal, secretId });
  }

  /** The holder of the key signs; what the certificate is worth the control plane says. */
  async #byCertificate(
    context: Extract<AuthContext, { method: "publickey" }>,
    name: SshUserName,
  ): Promise<AuthenticationResult | "more" | undefined> {
    const { data } = context.key;
    const certificate = decoded(data);
    if (certificate === undefined) return undefined;
    const { signature, blob } = context;
    if (signature === undefined || blob === undefined) return "more";
    if (!verifiesSignature(certificate.key, blob, signature)) return undefined;
    const { controlPlane, clientAddress } = this.#options.host;
    return controlPlane.authenticate({
      type: "ssh_certificate",
      principalName: name.principal ?? certificate.principals[0] ?? "",
      certificate: data.toString("base64"),
      address: clientAddress.slice(0, clientAddress.lastIndexOf(":")).replace(/^::ffff:/, ""),
    });
  }

  async #refused(context: AuthContext, result: AuthenticationResult | undefined): Promise<void> {
    const { controlPlane, clientAddress: client } = this.#options.host;
    const reason = result?.ok === false ? result.reason : "unknown";
    const data = { protocol: "ssh", user: context.username.slice(0, 256), client, reason, method: context.method };
    // an audit row about a stranger's failed login must not decide over anything
    await controlPlane.appendAudit({ type: "login.refused", data }).catch(() => {});
  }
}

function decoded(blob: Buffer): SignedCertificate | undefined {
  try {
    return decodeCertificate(blob);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function parsedKey(data: Buffer): ParsedKey | undefined {
  const key = utils.parseKey(data);
  if (key instanceof Error) return undefined;
  return Array.isArray(key) ? key[0] : key;
}

function verifies(key: ParsedKey, context: Extract<AuthContext, { method: "publickey" }>): boolean {
  const { signature, blob, hashAlgo } = context;
  if (signature === undefined || blob === undefined) return false;
  // RSA without a name of its own signs with SHA-1, and DSA always does
  if ((key.type === "ssh-rsa" && hashAlgo === undefined) || key.type === "ssh-dss") return false;
  return key.verify(blob, signature, hashAlgo) === true;
}
