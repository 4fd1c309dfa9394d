import type { AccessLevel } from "@tidewaiter/core";
import type { AccessDecision, AccessRequestState, AccessRule } from "../../features/access-requests/access-rule.ts";
import type { ChangeRequestState, Weakening } from "../../features/change-requests/weakening.ts";
import { integer, sqliteTable, text } from "../drizzle.ts";
import { instant, json } from "./columns.ts";

/** Who may reach what: granted, asked for, taken in an emergency; and what waits for a second person. */

/** Either `principalId` or `groupId`, and either `resourceId` or `selector` (all tags must match). */
export const grants = sqliteTable("grants", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  principalId: text("principal_id"),
  groupId: text("group_id"),
  resourceId: text("resource_id"),
  selector: json<Readonly<Record<string, string>>>("selector"),
  level: text("level").$type<AccessLevel>().notNull(),
  expiresAt: instant("expires_at"),
  /** The access request that it was made for. */
  requestId: text("request_id"),
  createdAt: instant("created_at").notNull(),
});

export const accessRules = sqliteTable("access_rules", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  rule: json<AccessRule>("rule").notNull(),
  createdAt: instant("created_at").notNull(),
});

export const accessRequests = sqliteTable("access_requests", {
  id: text("id").primaryKey(),
  shortId: text("short_id").notNull(),
  ruleId: text("rule_id").notNull(),
  ruleName: text("rule_name").notNull(),
  principalId: text("principal_id").notNull(),
  principalName: text("principal_name").notNull(),
  ownerId: text("owner_id"),
  resourceId: text("resource_id").notNull(),
  resourceName: text("resource_name").notNull(),
  level: text("level").$type<AccessLevel>().notNull(),
  durationSeconds: integer("duration_seconds").notNull(),
  reason: text("reason").notNull(),
  state: text("state").$type<AccessRequestState>().notNull(),
  decisions: json<readonly AccessDecision[]>("decisions").notNull(),
  /** The request whose time it asks to prolong. */
  extendsId: text("extends_id"),
  grantId: text("grant_id"),
  grantExpiresAt: instant("grant_expires_at"),
  requestedAt: instant("requested_at").notNull(),
  /** Until when somebody may decide. */
  expiresAt: instant("expires_at").notNull(),
  escalatedAt: instant("escalated_at"),
  closedAt: instant("closed_at"),
  closedReason: text("closed_reason"),
});

/** A unit of work that waits, whole, for another person. */
export const changeRequests = sqliteTable("change_requests", {
  id: text("id").primaryKey(),
  shortId: text("short_id").notNull(),
  unit: text("unit").notNull(),
  /** JSON of its arguments. May hold verifiers of secrets; never shown. */
  args: json<Readonly<Record<string, unknown>>>("args").notNull(),
  findings: json<readonly Weakening[]>("findings").notNull(),
  /** SHA-256 (hex) over unit, arguments and findings: what was approved is what runs. */
  binding: text("binding").notNull(),
  state: text("state").$type<ChangeRequestState>().notNull(),
  requestedBy: text("requested_by").notNull(),
  requesterName: text("requester_name").notNull(),
  ownerId: text("owner_id"),
  requestedAt: instant("requested_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  decidedBy: text("decided_by"),
  decidedAt: instant("decided_at"),
  comment: text("comment"),
  closedReason: text("closed_reason"),
});

export const emergencyIdentities = sqliteTable("emergency_identities", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  principalId: text("principal_id").notNull(),
  resourceId: text("resource_id").notNull(),
  level: text("level").$type<AccessLevel>().notNull(),
  /** SHA-256 (hex) of the codes that are left. */
  codes: json<readonly string[]>("codes").notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: instant("created_at").notNull(),
});

export const emergencyUses = sqliteTable("emergency_uses", {
  id: text("id").primaryKey(),
  shortId: text("short_id").notNull(),
  name: text("name").notNull(),
  principalId: text("principal_id").notNull(),
  resourceName: text("resource_name").notNull(),
  level: text("level").$type<AccessLevel>().notNull(),
  reason: text("reason").notNull(),
  /** Who they said they were. */
  claimedName: text("claimed_name").notNull(),
  address: text("address").notNull(),
  grantId: text("grant_id").notNull(),
  usedAt: instant("used_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  reviewDueAt: instant("review_due_at").notNull(),
  endedAt: instant("ended_at"),
  overdueAt: instant("overdue_at"),
  reviewedBy: text("reviewed_by"),
  reviewedAt: instant("reviewed_at"),
  reviewComment: text("review_comment"),
});
