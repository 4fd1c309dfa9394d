import type { PrincipalKind } from "@tidewaiter/core";
import type { Values as ScimValues } from "../../features/scim/read-values.ts";
import type { Permission, Scope } from "../../permissions.ts";
import { integer, primaryKey, sqliteTable, text } from "../drizzle.ts";
import { flag, instant, json } from "./columns.ts";

/** Who there is: principals, groups and roles, and what identity providers push of them (SCIM). */

export const principals = sqliteTable("principals", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  kind: text("kind").$type<PrincipalKind>().notNull(),
  roles: json<readonly string[]>("roles").notNull(),
  disabled: flag("disabled").notNull(),
  /** Facts from a provider or an administrator, such as `manager`: the name of a principal. */
  attributes: json<Readonly<Record<string, string>>>("attributes").notNull().default({}),
  /** The person that an AI agent acts for. */
  ownerId: text("owner_id"),
  passwordHash: text("password_hash"),
  scramSalt: text("scram_salt").notNull(),
  scramIterations: integer("scram_iterations").notNull(),
  createdAt: instant("created_at").notNull(),
  /** The identity provider that says this principal has left; while set it may do nothing. */
  suspendedBy: text("suspended_by"),
});

export const groups = sqliteTable("groups", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  description: text("description").notNull(),
  /** Names of roles that every member has. */
  roles: json<readonly string[]>("roles").notNull().default([]),
});

export const groupMembers = sqliteTable(
  "group_members",
  {
    groupId: text("group_id").notNull(),
    principalId: text("principal_id").notNull(),
    /** Who put it there: `local`, or the name of an identity provider, which never removes what others gave. */
    source: text("source").notNull(),
  },
  (table) => [primaryKey({ columns: [table.groupId, table.principalId, table.source] })],
);

/** Custom roles; those of `ROLES` are built in. An empty scope is every resource. */
export const roles = sqliteTable("roles", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  description: text("description").notNull(),
  permissions: json<readonly Permission[]>("permissions").notNull(),
  scope: json<Scope>("scope").notNull(),
  createdAt: instant("created_at").notNull(),
});

/** Bearer tokens by which identity providers push people and groups. */
export const scimTokens = sqliteTable("scim_tokens", {
  id: text("id").primaryKey(),
  provider: text("provider").notNull(),
  tokenHash: text("token_hash").notNull(),
  createdAt: instant("created_at").notNull(),
  createdBy: text("created_by").notNull(),
  expiresAt: instant("expires_at").notNull(),
  lastUsedAt: instant("last_used_at"),
});

/** Principals that an identity provider pushed. */
export const scimUsers = sqliteTable("scim_users", {
  principalId: text("principal_id").primaryKey(),
  provider: text("provider").notNull(),
  /** `userName` in small letters: it is unique without regard to case. */
  userKey: text("user_key").notNull(),
  externalId: text("external_id"),
  active: flag("active").notNull(),
  /** What the provider wrote, as RFC 7643 names it. */
  attributes: json<ScimValues>("attributes").notNull(),
  version: integer("version").notNull(),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
});

/** Groups that an identity provider pushed; their members are rows of `group_members` with the provider as source. */
export const scimGroups = sqliteTable("scim_groups", {
  groupId: text("group_id").primaryKey(),
  provider: text("provider").notNull(),
  /** `displayName` in small letters. */
  displayKey: text("display_key").notNull(),
  attributes: json<ScimValues>("attributes").notNull(),
  version: integer("version").notNull(),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
});
