import type { SigningPurpose } from "../../signing/purpose.ts";
import { integer, primaryKey, sqliteTable, text } from "../drizzle.ts";
import { instant, json } from "./columns.ts";

/** The installation itself: its settings and keys, the outbox, the audit log, and what things were like before. */

export const settings = sqliteTable("settings", { name: text("name").primaryKey(), value: text("value").notNull() });

/** `changes` and `audit`: the last sequence given out and, for a hash chain, its head. */
export const counters = sqliteTable("counters", {
  name: text("name").primaryKey(),
  value: integer("value").notNull(),
  hash: text("hash").notNull(),
});

export const changes = sqliteTable("changes", {
  sequence: integer("sequence").primaryKey(),
  kind: text("kind").notNull(),
  refId: text("ref_id").notNull(),
  at: instant("at").notNull(),
});

export const auditEvents = sqliteTable("audit_events", {
  sequence: integer("sequence").primaryKey(),
  id: text("id").notNull(),
  at: instant("at").notNull(),
  type: text("type").notNull(),
  principalId: text("principal_id"),
  sessionId: text("session_id"),
  resourceId: text("resource_id"),
  data: text("data").notNull(),
  previousHash: text("previous_hash").notNull(),
  hash: text("hash").notNull(),
});

/** One AES-256 key per sealed thing, wrapped by a master key. */
export const dataKeys = sqliteTable("data_keys", {
  id: text("id").primaryKey(),
  noun: text("noun").notNull(),
  refId: text("ref_id").notNull(),
  masterKeyId: text("master_key_id").notNull(),
  wrapped: text("wrapped").notNull(),
  createdAt: instant("created_at").notNull(),
});

export const signingKeys = sqliteTable("signing_keys", {
  kid: text("kid").primaryKey(),
  purpose: text("purpose").$type<SigningPurpose>().notNull(),
  publicJwk: json<Record<string, unknown>>("public_jwk").notNull(),
  sealedPrivate: text("sealed_private").notNull(),
  signsFrom: instant("signs_from").notNull(),
  verifiesUntil: instant("verifies_until"),
  /** Of a certificate authority for X.509: its own certificate, PEM. */
  certificate: text("certificate"),
});

/** What a noun was like from an instant on; null data = it is gone. Written with each change, never changed. */
export const history = sqliteTable(
  "history",
  {
    noun: text("noun").notNull(),
    refId: text("ref_id").notNull(),
    version: integer("version").notNull(),
    validFrom: instant("valid_from").notNull(),
    /** Of the outbox: which of two that are from the same instant came later. */
    sequence: integer("sequence").notNull(),
    changedBy: text("changed_by"),
    data: json<Readonly<Record<string, unknown>>>("data"),
  },
  (table) => [primaryKey({ columns: [table.noun, table.refId, table.version] })],
);
