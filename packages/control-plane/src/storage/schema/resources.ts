import type {
  AccessLevel,
  BoundColumn,
  Enforcement,
  RelationKind,
  SecretRules,
  TargetCredential,
} from "@tidewaiter/core";
import { integer, primaryKey, sqliteTable, text } from "../drizzle.ts";
import { flag, instant, json } from "./columns.ts";

/** What can be reached, by which agent, under which policy and labels. */

export const resources = sqliteTable("resources", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  protocol: text("protocol").notNull(),
  tags: json<Readonly<Record<string, string>>>("tags").notNull(),
  target: json<unknown>("target").notNull(),
  /** The one address that session grants for it name: `host:port` or `unix:/path`. */
  address: text("address").notNull(),
  agent: text("agent").notNull(),
  enforce: text("enforce").$type<Enforcement>().notNull(),
  createdAt: instant("created_at").notNull(),
  /** Null: what the installation allows. */
  secrets: json<SecretRules>("secrets"),
  /** How long sessions outlive a provider that cannot be asked. */
  identityGraceSeconds: integer("identity_grace_seconds"),
});

export const credentials = sqliteTable("credentials", {
  id: text("id").primaryKey(),
  resourceId: text("resource_id").notNull(),
  level: text("level").$type<AccessLevel>().notNull(),
  type: text("type").$type<TargetCredential["type"]>().notNull(),
  /** Empty: the one that the secret names. */
  username: text("username").notNull(),
  sealed: text("sealed"),
  /** Where the secret is kept, in place of `sealed`. */
  reference: text("reference"),
  createdAt: instant("created_at").notNull(),
});

export const policyVersions = sqliteTable("policy_versions", {
  version: integer("version").primaryKey(),
  appliedAt: instant("applied_at").notNull(),
  appliedBy: text("applied_by").notNull(),
});

export const policyDocuments = sqliteTable(
  "policy_documents",
  { version: integer("version").notNull(), name: text("name").notNull(), source: text("source").notNull() },
  (table) => [primaryKey({ columns: [table.version, table.name] })],
);

export const agents = sqliteTable("agents", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  publicJwk: json<Record<string, unknown>>("public_jwk").notNull(),
  version: text("version").notNull(),
  joinedAt: instant("joined_at").notNull(),
});

/** An agent keeps a tunnel to every gateway, so its presence is told per gateway. */
export const agentPresence = sqliteTable(
  "agent_presence",
  {
    agentId: text("agent_id").notNull(),
    gatewayId: text("gateway_id").notNull(),
    online: flag("online").notNull(),
    lastSeen: instant("last_seen").notNull(),
    version: text("version").notNull(),
    data: json<Readonly<Record<string, string | number>>>("data").notNull(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.gatewayId] })],
);

export const joinTokens = sqliteTable("join_tokens", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  tokenHash: text("token_hash").notNull(),
  createdBy: text("created_by").notNull(),
  expiresAt: instant("expires_at").notNull(),
  usedAt: instant("used_at"),
});

/** One database on one server, as a resource reaches it. */
export const labelPlaces = sqliteTable("label_places", {
  id: text("id").primaryKey(),
  resourceId: text("resource_id").notNull(),
  /** Empty where the target role may not read it. */
  systemId: text("system_id").notNull(),
  databaseOid: integer("database_oid").notNull(),
  database: text("database").notNull(),
  revision: integer("revision").notNull(),
  firstSeenAt: instant("first_seen_at").notNull(),
  changedAt: instant("changed_at").notNull(),
});

export const labelRelations = sqliteTable(
  "label_relations",
  {
    placeId: text("place_id").notNull(),
    oid: integer("oid").notNull(),
    schema: text("schema").notNull(),
    name: text("name").notNull(),
    kind: text("kind").$type<RelationKind>().notNull(),
    /** 0, or the revision since which it is not there. */
    gone: integer("gone").notNull(),
    columns: json<readonly BoundColumn[]>("columns").notNull(),
  },
  (table) => [primaryKey({ columns: [table.placeId, table.oid] })],
);
