import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { JSONWebKeySet } from "jose";
import { AgentError } from "./errors.ts";
import { isPublicKeySet } from "./session-grant.ts";

const KEY_FILE = "agent-key.pem";
const IDENTITY_FILE = "identity.json";
export const MAX_TUNNELS = 16;

/** What the control plane said when this agent joined. */
export interface Identity {
  readonly agentId: string;
  readonly name: string;
  /** Public keys whose session grants this agent follows. */
  readonly grantKeys: JSONWebKeySet;
  readonly gatewayId: string;
  /** At most 16. */
  readonly tunnelUrls: readonly string[];
}

/** The directory that holds who this agent is: mode 0700, its files 0600. */
export class StateDirectory {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws AgentError `state` when it cannot be made or others may write to it */
  static async open(path: string): Promise<StateDirectory> {
    try {
      if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await chmod(path, 0o700);
      const { mode } = await stat(path);
      if ((mode & 0o077) !== 0) throw new AgentError("state", `${path} is open to other users; chmod 700 it`);
    } catch (error) {
      throw asStateError(error, `${path} cannot be used as state directory`);
    }
    return new StateDirectory(path);
  }

  /** The agent's Ed25519 key, made at the first call ever. */
  async loadOrCreateKey(): Promise<KeyObject> {
    const existing = await this.#read(KEY_FILE);
    try {
      if (existing !== undefined) return createPrivateKey(existing);
      const { privateKey } = generateKeyPairSync("ed25519");
      await this.#write(KEY_FILE, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
      return privateKey;
    } catch (error) {
      throw asStateError(error, `${KEY_FILE} is damaged`);
    }
  }

  /** Undefined before the agent joined. */
  async loadIdentity(): Promise<Identity | undefined> {
    const text = await this.#read(IDENTITY_FILE);
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (isIdentity(value)) return value;
    } catch (error) {
      throw asStateError(error, `${IDENTITY_FILE} is damaged`);
    }
    throw new AgentError("state", `${IDENTITY_FILE} is damaged`);
  }

  async saveIdentity(identity: Identity): Promise<void> {
    await this.#write(IDENTITY_FILE, `${JSON.stringify(identity, null, 2)}\n`);
  }

  async #read(name: string): Promise<string | undefined> {
    const path = join(this.#path, name);
    try {
      if (((await stat(path)).mode & 0o077) !== 0)
        throw new AgentError("state", `${path} is open to others; chmod 600 it`);
      return await readFile(path, "utf8");
    } catch (error) {
      if (isErrno(error) && error.code === "ENOENT") return undefined;
      throw asStateError(error, `${path} cannot be read`);
    }
  }

  /** Whole or not at all, also when the machine stops meanwhile. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#path, name);
    try {
      {
        await using file = await open(`${path}.new`, "w", 0o600);
        await file.writeFile(text);
        await file.sync();
      }
      await rename(`${path}.new`, path);
    } catch (error) {
      throw asStateError(error, `${path} cannot be written`);
    }
  }
}

/** Checks the shape of a join answer or a stored identity. */
export function isIdentity(value: unknown): value is Identity {
  if (typeof value !== "object" || value === null) return false;
  const { agentId, name, grantKeys, gatewayId, tunnelUrls } = value as Record<string, unknown>;
  return (
    [agentId, name, gatewayId].every((each) => typeof each === "string" && each !== "" && each.length <= 256) &&
    isPublicKeySet(grantKeys) &&
    Array.isArray(tunnelUrls) &&
    tunnelUrls.length <= MAX_TUNNELS &&
    tunnelUrls.every((each) => typeof each === "string" && /^wss?:\/\//.test(each) && URL.canParse(each))
  );
}

/** The public half as JWK (RFC 8037). */
export function publicJwk(key: KeyObject): Readonly<Record<string, unknown>> {
  return { ...createPublicKey(key).export({ format: "jwk" }) };
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}

function asStateError(error: unknown, message: string): AgentError {
  return error instanceof AgentError ? error : new AgentError("state", message, { cause: error });
}
