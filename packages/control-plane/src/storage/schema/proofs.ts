import type { AccessLevel, BrowserLoginState, ConnectionSecretKind } from "@tidewaiter/core";
import { integer, primaryKey, sqliteTable, text } from "../drizzle.ts";
import { flag, instant, json } from "./columns.ts";

/** What clients and programs show in place of a person who is there. */

/** Whatever opens connections for a while, with nothing in it that could be used: see `ConnectionSecretKind`. */
export const connectionSecrets = sqliteTable("connection_secrets", {
  id: text("id").primaryKey(),
  principalId: text("principal_id").notNull(),
  resourceId: text("resource_id"),
  /** Of a password: base64, 32 bytes each; else empty. */
  storedKey: text("stored_key").notNull(),
  serverKey: text("server_key").notNull(),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  /** Null = any number of uses. */
  usesLeft: integer("uses_left"),
  uses: integer("uses").notNull(),
  lastUsedAt: instant("last_used_at"),
  revokedAt: instant("revoked_at"),
  /** The sign-in that it was made with: ended with it. */
  signInId: text("sign_in_id"),
  /** For its holder; null where a person took it back. */
  revokedReason: text("revoked_reason"),
  kind: text("kind").$type<ConnectionSecretKind>().notNull(),
  /** Of a certificate: SHA-256 (hex) of all its bytes. */
  fingerprint: text("fingerprint"),
  /** Of a login by browser: the address whose connections it lets in. */
  clientAddress: text("client_address"),
  /** What it was made with, where that was less than its principal itself. */
  mandateId: text("mandate_id"),
  /** The person that a delegated AI agent acts for. */
  ownerId: text("owner_id"),
  /** The person who made it was present: a step-up just before. */
  present: flag("present").notNull(),
});

/** A client without a secret that waits for somebody to sign in for it. */
export const browserLogins = sqliteTable("browser_logins", {
  id: text("id").primaryKey(),
  /** SHA-256 (hex) of what stands in the link, and of the code that its client shows. */
  tokenHash: text("token_hash").notNull(),
  codeHash: text("code_hash").notNull(),
  wrongCodes: integer("wrong_codes").notNull(),
  gatewayId: text("gateway_id").notNull(),
  clientAddress: text("client_address").notNull(),
  clientPort: integer("client_port").notNull(),
  /** As the client wrote it: there may be no such resource. */
  resourceName: text("resource_name").notNull(),
  application: text("application"),
  state: text("state").$type<BrowserLoginState>().notNull(),
  secretId: text("secret_id"),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  decidedAt: instant("decided_at"),
  usedAt: instant("used_at"),
});

/**
 * A proof that carries less than its principal may: rights are what both have. `resourceIds`, `permissions` and `level`
 * null = no limit of its own.
 */
export const mandates = sqliteTable("mandates", {
  id: text("id").primaryKey(),
  type: text("type").$type<MandateType>().notNull(),
  name: text("name").notNull(),
  principalId: text("principal_id").notNull(),
  /** Of a delegation: the person who gave it. */
  ownerId: text("owner_id"),
  /** SHA-256 in hex; null where an access token stands for it. */
  secretHash: text("secret_hash"),
  permissions: json<readonly string[]>("permissions"),
  resourceIds: json<readonly string[]>("resource_ids"),
  level: text("level").$type<AccessLevel>(),
  /** Of a federated token: the federation. */
  sourceId: text("source_id"),
  /** The person who made it was present: a step-up just before. */
  present: flag("present").notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  revokedAt: instant("revoked_at"),
  lastUsedAt: instant("last_used_at"),
  lastUsedFrom: text("last_used_from"),
  lastRefusedAt: instant("last_refused_at"),
  /** Of a delegation: the sign-in that it was made with; ended with it. */
  signInId: text("sign_in_id"),
});

/** Trust in tokens of another issuer: workloads that show one act as the principal. */
export const federations = sqliteTable("federations", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  issuer: text("issuer").notNull(),
  audience: text("audience").notNull(),
  /** With `*` for any run of characters. */
  subject: text("subject").notNull(),
  /** CEL on the claims. */
  condition: text("condition"),
  principalId: text("principal_id").notNull(),
  lifetimeSeconds: integer("lifetime_seconds").notNull(),
  jwksUri: text("jwks_uri"),
  singleUse: flag("single_use").notNull(),
  permissions: json<readonly string[]>("permissions"),
  resourceIds: json<readonly string[]>("resource_ids"),
  level: text("level").$type<AccessLevel>(),
  createdAt: instant("created_at").notNull(),
});

/** Tokens that were used where each may be used once. */
export const federationTokens = sqliteTable(
  "federation_tokens",
  {
    issuer: text("issuer").notNull(),
    jti: text("jti").notNull(),
    usedAt: instant("used_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.jti] })],
);

export type MandateType = "api_key" | "delegation" | "federation";
