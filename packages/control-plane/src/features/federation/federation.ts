import type { federations } from "../../storage/schema.ts";

/** Trust in tokens of one issuer for one kind of workload: whoever shows such a token acts as the principal. */
export type FederationRow = typeof federations.$inferSelect;

/** Only asymmetric ones: with HMAC a public key would be the secret (RFC 8725, section 2.1). */
export const FEDERATION_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

/** Clocks differ by so much, in seconds. */
export const SKEW_S = 60;
/** A token that was issued longer ago is no proof of a job that runs now, whatever it says of itself; seconds. */
export const MAX_TOKEN_AGE_S = 24 * 3600;
export const MAX_LIFETIME_S = 12 * 3600;
export const DEFAULT_LIFETIME_S = 15 * 60;
