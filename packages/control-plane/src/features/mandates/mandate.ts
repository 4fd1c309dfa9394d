import { createHash, randomBytes } from "node:crypto";
import type { mandates } from "../../storage/schema.ts";

/**
 * A proof that carries less than its principal may: an API key, a delegation to an AI agent, or the token of a
 * federated workload. Whoever comes with it has what the principal may and what the mandate allows; a delegation also
 * needs what its person may.
 */
export type MandateRow = typeof mandates.$inferSelect;

/** Prefixes of opaque proofs. */
export const MANDATE_PREFIX = { api_key: "twk_", delegation: "twd_" } as const;

const SECRET = /^tw[kd]_[A-Za-z0-9_-]{43}$/;

/** 256 random bits behind the prefix. Shown once: the store has the hash. */
export function newMandateSecret(type: keyof typeof MANDATE_PREFIX): string {
  return `${MANDATE_PREFIX[type]}${randomBytes(32).toString("base64url")}`;
}

export function isMandateSecret(text: string): boolean {
  return SECRET.test(text);
}

/** SHA-256 in hex. So many random bits need no slow hash, and a look-up by hash tells nothing by its time. */
export function hashMandateSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

const WORDS = {
  api_key: "the API key",
  delegation: "the delegation",
  federation: "the federated identity",
} as const;

export type MandateState = "live" | "revoked" | "expired";

export function mandateState(row: MandateRow, now: string): MandateState {
  if (row.revokedAt !== null) return "revoked";
  return row.expiresAt <= now ? "expired" : "live";
}

/** Why nothing may be done with it any more, in words for its holder, or undefined. */
export function mandateProblem(row: MandateRow | undefined, now: string): string | undefined {
  if (row === undefined) return "what it was opened with was removed";
  const state = mandateState(row, now);
  if (state === "live") return undefined;
  return state === "revoked" ? `${WORDS[row.type]} was revoked` : `${WORDS[row.type]} has expired`;
}
