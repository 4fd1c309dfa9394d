import type { ProviderSettings } from "../../features/identity-providers/settings.ts";
import { primaryKey, sqliteTable, text } from "../drizzle.ts";
import { instant, json } from "./columns.ts";

/** How people come in, by which provider, and what a sign-in gave out. */

/** What a provider calls somebody. `subject` is its own stable id, never an e-mail address. */
export const identities = sqliteTable("identities", {
  id: text("id").primaryKey(),
  provider: text("provider").notNull(),
  subject: text("subject").notNull(),
  principalId: text("principal_id").notNull(),
  /** As the provider shows it; for people only. */
  username: text("username").notNull(),
  createdAt: instant("created_at").notNull(),
  lastSignInAt: instant("last_sign_in_at"),
  /** When the provider last said that somebody may still sign in. */
  validatedAt: instant("validated_at"),
  /** When it is asked again; null when it is not asked. */
  checkAt: instant("check_at"),
  /** The provider's refresh token. */
  sealedToken: text("sealed_token"),
});

export const identityProviders = sqliteTable("identity_providers", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  settings: json<ProviderSettings>("settings").notNull(),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
  /** When it last answered. */
  askedAt: instant("asked_at"),
  unreachableSince: instant("unreachable_since"),
  problem: text("problem"),
});

/** A browser that was sent to a provider. State, nonce and code verifier follow from its cookie, so none is kept. */
export const pendingSignIns = sqliteTable("pending_sign_ins", {
  idHash: text("id_hash").primaryKey(),
  provider: text("provider").notNull(),
  /** Sealed for the browser: it can hold a one-time code. */
  next: text("next").notNull(),
  expiresAt: instant("expires_at").notNull(),
});

/** A command line that waits for, or just got, the yes of somebody who signed in with a browser. */
export const clientSignIns = sqliteTable("client_sign_ins", {
  id: text("id").primaryKey(),
  kind: text("kind").$type<"device" | "loopback">().notNull(),
  /** Of the device code, or of the authorization code. */
  secretHash: text("secret_hash").notNull(),
  userCodeHash: text("user_code_hash"),
  /** RFC 7636, S256. */
  challenge: text("challenge"),
  /** What it calls itself; shown, never trusted. */
  client: text("client").notNull(),
  address: text("address").notNull(),
  state: text("state").$type<"waiting" | "approved" | "denied" | "used">().notNull(),
  /** Of the browser that said yes. */
  signInId: text("sign_in_id"),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  polledAt: instant("polled_at"),
});

/** SHA-256 of refresh tokens. A used one is kept, so that its second use is seen. */
export const refreshTokens = sqliteTable("refresh_tokens", {
  tokenHash: text("token_hash").primaryKey(),
  signInId: text("sign_in_id").notNull(),
  createdAt: instant("created_at").notNull(),
  usedAt: instant("used_at"),
});

/** Tokens of others that hold once (`jti`). */
export const seenTokens = sqliteTable("seen_tokens", {
  idHash: text("id_hash").primaryKey(),
  expiresAt: instant("expires_at").notNull(),
});

/** One act of signing in. What it gave out (tokens, web sessions, connection secrets) ends when it is ended. */
export const signIns = sqliteTable("sign_ins", {
  id: text("id").primaryKey(),
  principalId: text("principal_id").notNull(),
  via: text("via").$type<"token" | "web">().notNull(),
  /** `local`, or the name of the identity provider. */
  provider: text("provider").notNull(),
  identityId: text("identity_id"),
  /** The provider's `sid`, by which it may end it. */
  providerSession: text("provider_session"),
  /** RFC 8176. */
  methods: json<readonly string[]>("methods").notNull(),
  /** When the person last gave proof, which a step-up makes anew. */
  authenticatedAt: instant("authenticated_at").notNull(),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  address: text("address").notNull(),
  endedAt: instant("ended_at"),
  endReason: text("end_reason"),
  /** When the person last proved to be there, by more than a password; null once that was used. */
  presenceAt: instant("presence_at"),
});

/** SHA-256 of the cookie that a browser holds for a sign-in. */
export const webSessions = sqliteTable("web_sessions", {
  idHash: text("id_hash").primaryKey(),
  signInId: text("sign_in_id").notNull(),
  createdAt: instant("created_at").notNull(),
  lastUsedAt: instant("last_used_at").notNull(),
});

export const accessTokens = sqliteTable("access_tokens", {
  jti: text("jti").primaryKey(),
  principalId: text("principal_id").notNull(),
  issuedAt: instant("issued_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  revokedAt: instant("revoked_at"),
  mandateId: text("mandate_id"),
  signInId: text("sign_in_id"),
});

/** SAML assertions that were used, until they are out of date anyhow. */
export const samlAssertions = sqliteTable(
  "saml_assertions",
  { provider: text("provider").notNull(), idHash: text("id_hash").notNull(), until: instant("until").notNull() },
  (table) => [primaryKey({ columns: [table.provider, table.idHash] })],
);
