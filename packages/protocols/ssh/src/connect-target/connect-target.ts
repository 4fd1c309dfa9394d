import type { Duplex } from "node:stream";
import type { TargetCredential } from "@tidewaiter/core";
import { type BaseAgent, Client, type ConnectConfig, type PublicKeyAuthMethod } from "ssh2";
import { LEGACY, MODERN, type SshAlgorithms } from "../algorithms.ts";
import { REKEYS } from "../key-exchanges.ts";
import { pauseWhileUnread } from "../pause-while-unread.ts";
import { Allowance } from "../session/allowance.ts";
import type { SshTarget } from "../target-schema.ts";
import { certificatesSupported, certifiedKey } from "./certificate-login.ts";
import { fingerprint, isAccepted, isCertified } from "./host-key.ts";

const READY_TIMEOUT_MS = 20_000;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_MISSED = 4;
const MAX_UNREAD = 8 * 1024 * 1024;

/** Why a target could not be reached, in words for the client. `code` is for the recording. */
export class SshTargetError extends Error {
  readonly code: "host_key" | "login" | "unreachable";
  /** What the host showed, where that was the reason. */
  readonly hostKey: string | undefined;

  constructor(code: SshTargetError["code"], message: string, hostKey?: string) {
    super(message);
    this.code = code;
    this.hostKey = hostKey;
  }
}

export interface ConnectInput {
  readonly stream: Duplex;
  readonly target: SshTarget;
  readonly credential: TargetCredential;
  readonly resource: string;
  /** Asked by a target to which an agent is lent. */
  readonly agent?: BaseAgent;
}

export interface ConnectedTarget {
  readonly client: Client;
  readonly hostKey: string;
  /** Why the host was left, where it did not leave by itself. */
  readonly left: () => string | undefined;
}

/**
 * Logs in to the target over `stream`. The host's key must be one that was accepted: the credential is not shown to any
 * other. Throws an SshTargetError.
 */
export function connectTarget(input: ConnectInput): Promise<ConnectedTarget> {
  const { stream, target, credential, resource } = input;
  const client = new Client();
  const { promise, resolve, reject } = Promise.withResolvers<ConnectedTarget>();
  let shown = "";
  let refused: SshTargetError | undefined;
  let left: string | undefined;
  const hostVerifier = (key: Buffer): boolean => {
    shown = fingerprint(key);
    if (isAccepted(key, target.hostKeys) || isCertified(key, { ...target, now: Date.now() })) return true;
    const known =
      target.hostKeys.length + target.hostAuthorities.length === 0
        ? "nobody has accepted a host key of it yet"
        : "its host key has changed";
    refused = new SshTargetError("host_key", `${resource} was not connected: ${known} (it shows ${shown})`, shown);
    return false;
  };
  client.once("ready", () => {
    pauseWhileUnread(stream, MAX_UNREAD);
    resolve({ client, hostKey: shown, left: () => left });
  });
  const exchanges = new Allowance(REKEYS);
  client.on("handshake", () => {
    if (exchanges.take()) return;
    left = `${resource} exchanged keys too often`;
    stream.destroy();
  });
  // every error after the first is about a connection that is over anyhow
  client.on("error", (error) => {
    client.end();
    reject(refused ?? connectError(error, resource));
  });
  client.once("close", () => reject(refused ?? new SshTargetError("unreachable", `${resource} closed the connection`)));
  // SSH has no half of a connection, but the tunnel does: what the host closed would wait for us for ever
  stream.once("end", () => stream.destroy());
  try {
    client.connect({
      sock: stream,
      username: credential.username,
      ...loginOf(credential),
      hostVerifier,
      algorithms: algorithmsFor(target),
      readyTimeout: READY_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_MISSED,
      // the target is told nothing about what the client has
      tryKeyboard: credential.type === "password",
      ...(input.agent && { agent: input.agent }),
    });
    if (credential.type === "password")
      client.on("keyboard-interactive", (_name, _instructions, _lang, prompts, finish) =>
        finish(prompts.map(({ echo }) => (echo === true ? "" : credential.password))),
      );
  } catch (error) {
    stream.destroy();
    reject(connectError(error, resource));
  }
  return promise;
}

/** A host with an authority is asked for its certificate first. */
function algorithmsFor({ algorithms, hostAuthorities }: SshTarget): SshAlgorithms {
  const base = algorithms === "legacy" ? LEGACY : MODERN;
  if (hostAuthorities.length === 0) return base;
  const certified = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"].map(
    // names that our patch of ssh2 adds
    (type) => `${type}-cert-v01@openssh.com` as SshAlgorithms["serverHostKey"][number],
  );
  return { ...base, serverHostKey: [...certified, ...base.serverHostKey] };
}

function loginOf(credential: TargetCredential): Partial<ConnectConfig> {
  switch (credential.type) {
    case "password":
      return { password: credential.password };
    case "ssh_key":
      return { privateKey: credential.privateKeyPem };
    case "ssh_certificate": {
      if (!certificatesSupported())
        throw new SshTargetError(
          "login",
          "this gateway runs without its patch of ssh2: it cannot log in by certificate",
        );
      const { username, certificate, privateKeyPem } = credential;
      const login: PublicKeyAuthMethod = { type: "publickey", username, key: certifiedKey(certificate, privateKeyPem) };
      return { authHandler: [login] };
    }
    default:
      throw new SshTargetError("login", `a credential of type ${credential.type} does not log in to an SSH server`);
  }
}

function connectError(error: unknown, resource: string): SshTargetError {
  if (error instanceof SshTargetError) return error;
  const level = typeof error === "object" && error !== null && "level" in error ? error.level : "";
  if (level === "client-authentication")
    return new SshTargetError("login", `${resource} did not accept the credential that is kept for it`);
  // texts of a key's parser could quote the key
  if (level === "handshake" || level === "protocol" || level === "client-timeout")
    return new SshTargetError("unreachable", `${resource} could not be connected: no common algorithm, or no answer`);
  return new SshTargetError("unreachable", `${resource} is out of reach`);
}
