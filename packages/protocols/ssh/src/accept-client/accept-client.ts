import type { Duplex } from "node:stream";
import type { AuthenticationResult, SessionHost } from "@tidewaiter/core";
import type { AuthContext, Connection, ParsedKey } from "ssh2";
import ssh2 from "ssh2";
import { MODERN } from "../algorithms.ts";
import { fingerprint } from "../connect-target/host-key.ts";
import { secretOf } from "./secret-password.ts";
import { parseUserName, type SshUserName } from "./user-name.ts";

const { Server, utils } = ssh2;

const HANDSHAKE_MS = 60_000;
const MAX_ATTEMPTS = 6;
const METHODS = ["publickey", "password"] as const;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_MISSED = 4;

type Identified = Extract<AuthenticationResult, { ok: true }>;

/** Who came in, and where to. The connection is authenticated; nothing on it has been answered yet. */
export interface SshLogin {
  readonly connection: Connection;
  readonly name: SshUserName;
  readonly identified: Identified;
  readonly method: "password" | "publickey";
}

export interface AcceptOptions {
  /** PEM of OpenSSH or PKCS#8. */
  readonly hostKeys: readonly string[];
  readonly controlPlane: SessionHost["controlPlane"];
  readonly clientAddress: string;
  readonly signal: AbortSignal;
  readonly handshakeMs?: number;
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
    hostKeys: [...options.hostKeys],
    ident: "Tidewaiter",
    algorithms: MODERN,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSED,
  } as ConstructorParameters<typeof Server>[0]);
  const deadline = setTimeout(() => stream.destroy(), options.handshakeMs ?? HANDSHAKE_MS);
  deadline.unref();
  const stop = (): void => void stream.destroy();
  options.signal.addEventListener("abort", stop, { once: true });
  const over = (): void => {
    clearTimeout(deadline);
    options.signal.removeEventListener("abort", stop);
    resolve();
  };
  stream.once("close", over);
  // half of a connection is of no use to SSH
  stream.once("end", () => stream.end());
  stream.on("error", () => stream.destroy());
  if (stream.destroyed) over();
  server.on("connection", (connection) => {
    const authentication = new Authentication(options);
    connection.on("error", () => connection.end());
    connection.on("authentication", (context) => void authentication.decide(connection, context));
    connection.once("ready", () => {
      clearTimeout(deadline);
      const login = authentication.login;
      if (login === undefined) stream.destroy();
      else options.onLogin({ connection, ...login });
    });
  });
  server.on("error", () => stream.destroy());
  server.injectSocket(stream as Parameters<typeof server.injectSocket>[0]);
  return promise;
}

/** The attempts of one client; whatever is not understood is refused in the same words. */
class Authentication {
  readonly #options: AcceptOptions;
  #attempts = 0;
  login: Omit<SshLogin, "connection"> | undefined;

  constructor(options: AcceptOptions) {
    this.#options = options;
  }

  async decide(connection: Connection, context: AuthContext): Promise<void> {
    const refuse = (): void => context.reject([...METHODS]);
    if (context.method === "none") return refuse();
    const name = parseUserName(context.username);
    const tried = context.method !== "publickey" || context.signature !== undefined;
    if (tried && ++this.#attempts > MAX_ATTEMPTS) return void connection.end();
    try {
      const identified = name === undefined ? undefined : await this.#identify(context, name);
      if (identified === "more") return context.accept();
      if (name === undefined || identified === undefined || identified.ok === false) {
        if (tried) await this.#refused(context, identified);
        return refuse();
      }
      this.login = { name, identified, method: context.method === "password" ? "password" : "publickey" };
      context.accept();
    } catch {
      // the control plane or the store: nobody is let in on a guess
      refuse();
    }
  }

  async #identify(context: AuthContext, name: SshUserName): Promise<AuthenticationResult | "more" | undefined> {
    const { controlPlane } = this.#options;
    if (context.method === "password") {
      const account = name.principal === undefined ? undefined : await controlPlane.lookupVerifiers(name.principal);
      const secretId = await secretOf(account, context.password);
      if (secretId === undefined || name.principal === undefined) return undefined;
      return controlPlane.authenticate({ type: "secret", principalName: name.principal, secretId });
    }
    if (context.method !== "publickey") return undefined;
    const key = parsedKey(context.key.data);
    if (key === undefined) return undefined;
    const whose = { ...(name.principal !== undefined && { principalName: name.principal }) };
    // the client asks whether the key would do: a yes promises nothing, and a no would tell which keys are known
    if (context.signature === undefined) return "more";
    if (!verifies(key, context)) return undefined;
    return controlPlane.authenticate({ type: "ssh_key", fingerprint: fingerprint(context.key.data), ...whose });
  }

  async #refused(context: AuthContext, result: AuthenticationResult | undefined): Promise<void> {
    const { controlPlane, clientAddress: client } = this.#options;
    const reason = result?.ok === false ? result.reason : "unknown";
    const data = { protocol: "ssh", user: context.username.slice(0, 256), client, reason, method: context.method };
    // an audit row about a stranger's failed login must not decide over anything
    await controlPlane.appendAudit({ type: "login.refused", data }).catch(() => {});
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
