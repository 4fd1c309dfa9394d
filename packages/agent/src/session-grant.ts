import {
  GRANT_ISSUER,
  GRANT_KEYS_TYPE,
  SECRET_GRANT_TYPE,
  SESSION_GRANT_TYPE,
} from "@tidewaiter/contract/tunnel/index";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { type Address, parseAddress } from "./address.ts";
import { AgentError } from "./errors.ts";

const ALGORITHMS = ["EdDSA"];
const MAX_GRANT_CHARS = 8 * 1024;
/** No grant lives longer, whatever it says; seconds. */
const MAX_LIFETIME = 900;
/** Clocks may differ by this much; seconds. */
const CLOCK_TOLERANCE = 5;

/** A target has a few servers at most. */
const MAX_ADDRESSES = 8;

export interface SessionGrant {
  readonly sessionId: string;
  /** At least one. Which of them is dialled, the gateway says each time. */
  readonly addresses: readonly Address[];
}

export interface GrantExpectations {
  readonly keys: JSONWebKeySet;
  readonly agentId: string;
  /** Of the tunnel the grant came through. */
  readonly gatewayId: string;
}

/**
 * Checks a session grant: JWS (RFC 7515) with Ed25519, algorithm and type pinned, issuer, audience, times, gateway, one
 * session and the addresses of one target.
 *
 * @throws AgentError `grant_invalid` | `grant_expired` | `wrong_session`
 */
export async function verifySessionGrant(token: string, expected: GrantExpectations): Promise<SessionGrant> {
  const { sessionId, payload } = await verifyGrant(token, SESSION_GRANT_TYPE, expected);
  const addresses = typeof payload.addr === "string" ? parseAddresses(payload.addr) : undefined;
  if (addresses === undefined) throw new AgentError("grant_invalid", "the session grant names no address");
  return { sessionId, addresses };
}

/**
 * Checks a grant to read one secret: as a session grant, with the secret's name in place of addresses.
 *
 * @throws AgentError `grant_invalid` | `grant_expired` | `wrong_session`
 */
export async function verifySecretGrant(
  token: string,
  name: string,
  expected: GrantExpectations,
): Promise<{ readonly sessionId: string }> {
  const { sessionId, payload } = await verifyGrant(token, SECRET_GRANT_TYPE, expected);
  if (payload.sec !== name) throw new AgentError("grant_invalid", "the grant is for another secret");
  return { sessionId };
}

async function verifyGrant(token: string, typ: string, expected: GrantExpectations) {
  const payload = await verifyToken(token, expected.keys, {
    typ,
    audience: expected.agentId,
    requiredClaims: ["exp", "nbf"],
  });
  const { sid, gw, exp = 0, nbf = 0 } = payload;
  if (exp - nbf > MAX_LIFETIME) throw new AgentError("grant_invalid", "the session grant lives too long");
  if (gw !== expected.gatewayId) throw new AgentError("wrong_session", "the session grant is for another gateway");
  if (typeof sid !== "string" || sid === "")
    throw new AgentError("grant_invalid", "the session grant names no session");
  return { sessionId: sid, payload };
}

/** Those of one target, joined by commas; undefined unless all are hosts. A socket is alone: its path may hold commas. */
function parseAddresses(text: string): readonly Address[] | undefined {
  const socket = parseAddress(text);
  if (socket?.kind === "unix") return [socket];
  const parts = text.split(",", MAX_ADDRESSES + 1);
  const addresses = parts.map(parseAddress).filter((one) => one?.kind === "tcp");
  return parts.length <= MAX_ADDRESSES && addresses.length === parts.length ? addresses : undefined;
}

/**
 * Checks a new set of grant keys that a trusted key signed.
 * @throws AgentError `grant_invalid` | `grant_expired`
 */
export async function verifyGrantKeys(token: string, trusted: JSONWebKeySet): Promise<JSONWebKeySet> {
  const { keys } = await verifyToken(token, trusted, { typ: GRANT_KEYS_TYPE, requiredClaims: ["exp"] });
  const set = { keys };
  if (!isPublicKeySet(set)) throw new AgentError("grant_invalid", "the new grant keys are malformed");
  return set;
}

/** Whether a gateway's own list of grant keys (JSON) has one that this agent trusts; so also when it is unreadable. */
export function sharesKey(gatewayKeysJson: string, trusted: JSONWebKeySet): boolean {
  try {
    const set: unknown = JSON.parse(gatewayKeysJson);
    return (
      !isPublicKeySet(set) || set.keys.some(({ kid, x }) => trusted.keys.some((key) => key.kid === kid && key.x === x))
    );
  } catch {
    return true;
  }
}

/** A non-empty set of at most 16 public Ed25519 keys with key ids. */
export function isPublicKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== "object" || value === null || !("keys" in value) || !Array.isArray(value.keys)) return false;
  const keys: unknown[] = value.keys;
  return keys.length > 0 && keys.length <= 16 && keys.every(isPublicKey);
}

function isPublicKey(key: unknown): boolean {
  if (typeof key !== "object" || key === null || "d" in key) return false;
  const { kty, crv, x, kid } = key as Record<string, unknown>;
  return kty === "OKP" && crv === "Ed25519" && typeof x === "string" && typeof kid === "string";
}

interface TokenChecks {
  readonly typ: string;
  readonly audience?: string;
  readonly requiredClaims: string[];
}

async function verifyToken(token: string, keys: JSONWebKeySet, checks: TokenChecks): Promise<JWTPayload> {
  if (token.length > MAX_GRANT_CHARS) throw new AgentError("grant_invalid", "the session grant is too long");
  try {
    const options = { ...checks, algorithms: ALGORITHMS, issuer: GRANT_ISSUER, clockTolerance: CLOCK_TOLERANCE };
    return (await jwtVerify(token, createLocalJWKSet(keys), options)).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AgentError("grant_expired", "the session grant has expired");
    if (error instanceof errors.JWKSNoMatchingKey) {
      throw new AgentError("grant_invalid", "the session grant is signed by a key this agent does not trust");
    }
    if (error instanceof errors.JOSEError)
      throw new AgentError("grant_invalid", "the session grant is not valid", { cause: error });
    throw error;
  }
}
