import type { KeyObject } from "node:crypto";
import { AllowList } from "./allow-list.ts";
import { AgentError } from "./errors.ts";
import { type Identity, MAX_TUNNELS, StateDirectory } from "./identity.ts";
import { join } from "./join.ts";
import { keepConnected, pause } from "./keep-connected.ts";
import type { Log } from "./log.ts";
import { createSecretSource } from "./secrets.ts";
import type { GrantKeyStore } from "./tunnel-session.ts";

export interface AgentOptions {
  readonly urls: readonly string[];
  readonly stateDir: string;
  readonly allow: readonly string[];
  readonly allowSecret: readonly string[];
  readonly name: string;
  readonly version: string;
  /** Asked for only when the agent has not joined yet. */
  readToken(): Promise<string | undefined>;
  readVariable(name: string): string | undefined;
  readonly log: Log;
  /** Aborted to stop. */
  readonly signal: AbortSignal;
}

/**
 * The whole agent: join once, then keep a tunnel to every gateway until told to stop.
 * @throws AgentError `usage` | `state` | `join_refused`
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { log, signal } = options;
  const allowList = new AllowList(options.allow);
  const secrets = createSecretSource(options.allowSecret, options.readVariable);
  const state = await StateDirectory.open(options.stateDir);
  const key = await state.loadOrCreateKey();
  let identity = await state.loadIdentity();
  if (identity === undefined) {
    identity = await joinUntilDone(options, key);
    if (identity === undefined) return;
    await state.saveIdentity(identity);
    log.info("joined", { agent: identity.name, id: identity.agentId });
  }
  if (allowList.size === 0) log.warn("nothing is allowed: every dial will be refused; see --allow");
  const urls = tunnelUrls(options.urls, identity);
  for (const url of urls) warnWhenPlain(url, log);
  const { agentId } = identity;
  const grantKeys = keyStore(identity, state);
  const context = { agentId, key, version: options.version, grantKeys, allowList, secrets, log, signal };
  await Promise.all(urls.map((url) => keepConnected(url, context)));
}

/** Undefined when told to stop meanwhile. */
async function joinUntilDone(options: AgentOptions, key: KeyObject): Promise<Identity | undefined> {
  const { log, signal, name, version } = options;
  const token = await options.readToken();
  if (token === undefined) {
    throw new AgentError(
      "usage",
      "this agent has not joined yet: give a join token by --token-file or TIDEWAITER_JOIN_TOKEN",
    );
  }
  for (let attempt = 0; !signal.aborted; attempt++) {
    const url = options.urls[attempt % options.urls.length] ?? "";
    try {
      return await join({ url, token, key, name, version, signal });
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== "join_failed") throw error;
      if (signal.aborted) return undefined;
      log.warn("cannot join yet", { url, reason: error.message });
    }
    await pause(Math.min(500 * 2 ** attempt, 30_000), signal);
  }
  return undefined;
}

/** Every gateway of the command line and of the control plane, without repetition, at most 16. */
function tunnelUrls(given: readonly string[], identity: Identity): string[] {
  const origins = [...given, ...identity.tunnelUrls].map((url) => {
    const { protocol, host } = new URL(url);
    return `${protocol.replace("http", "ws")}//${host}`;
  });
  return [...new Set(origins)].slice(0, MAX_TUNNELS);
}

function warnWhenPlain(url: string, log: Log): void {
  const { protocol, hostname } = new URL(url);
  const local = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  if (protocol === "ws:" && !local)
    log.warn("tunnel without TLS: anyone on the way sees its traffic", { gateway: url });
}

function keyStore(identity: Identity, state: StateDirectory): GrantKeyStore {
  let { grantKeys } = identity;
  return {
    get keys() {
      return grantKeys;
    },
    async replace(keys) {
      grantKeys = keys;
      await state.saveIdentity({ ...identity, grantKeys });
    },
  };
}
