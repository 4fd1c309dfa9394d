import type { FirstProof } from "../../features/second-factors/factor.ts";
import { integer, sqliteTable, text } from "../drizzle.ts";
import { instant, json } from "./columns.ts";

/** What people prove besides a password. */

/** RFC 6238: the sealed secret of one person's authenticator app. */
export const totpFactors = sqliteTable("totp_factors", {
  principalId: text("principal_id").primaryKey(),
  sealed: text("sealed").notNull(),
  createdAt: instant("created_at").notNull(),
  /** Null until the person has shown a code of it. */
  confirmedAt: instant("confirmed_at"),
  /** The time step of the last code that was taken; only later ones count. */
  lastStep: integer("last_step").notNull(),
});

/** Public keys of WebAuthn credentials. */
export const passkeys = sqliteTable("passkeys", {
  credentialId: text("credential_id").primaryKey(),
  principalId: text("principal_id").notNull(),
  name: text("name").notNull(),
  /** COSE, base64url. */
  publicKey: text("public_key").notNull(),
  signCount: integer("sign_count").notNull(),
  transports: json<readonly string[]>("transports").notNull(),
  createdAt: instant("created_at").notNull(),
  lastUsedAt: instant("last_used_at"),
});

/** SHA-256 of the codes that are left; a used one is deleted. */
export const recoveryCodes = sqliteTable("recovery_codes", {
  codeHash: text("code_hash").primaryKey(),
  principalId: text("principal_id").notNull(),
  createdAt: instant("created_at").notNull(),
});

/** A question that waits for a second factor: of a sign-in whose password was right, or of somebody signed in. */
export const factorChallenges = sqliteTable("factor_challenges", {
  id: text("id").primaryKey(),
  principalId: text("principal_id").notNull(),
  /** Of WebAuthn, base64url; another one after each answer. */
  challenge: text("challenge").notNull(),
  /** Of a sign-in: what was proven before. */
  proven: json<FirstProof>("proven"),
  attemptsLeft: integer("attempts_left").notNull(),
  expiresAt: instant("expires_at").notNull(),
});

/** A link by which a person proves anew, in a browser, who they are, for a sign-in elsewhere. */
export const stepUpLinks = sqliteTable("step_up_links", {
  idHash: text("id_hash").primaryKey(),
  principalId: text("principal_id").notNull(),
  signInId: text("sign_in_id").notNull(),
  /** Where it was asked for. */
  address: text("address").notNull(),
  expiresAt: instant("expires_at").notNull(),
  completedAt: instant("completed_at"),
});
