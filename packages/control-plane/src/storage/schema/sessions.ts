import type { AccessLevel, PrincipalKind, ReviewDecision, ReviewState, SessionCounters } from "@tidewaiter/core";
import type { ChannelSettings, NotificationMessage, NotificationState } from "../../features/notifications/channel.ts";
import { integer, sqliteTable, text } from "../drizzle.ts";
import { flag, instant, json } from "./columns.ts";

/** What happens: sessions, who watches them, what is held for a person and how people hear of it. */

export const sessions = sqliteTable("sessions", {
  id: text("id").primaryKey(),
  gatewayId: text("gateway_id").notNull(),
  principalId: text("principal_id").notNull(),
  principalName: text("principal_name").notNull(),
  principalKind: text("principal_kind").$type<PrincipalKind>().notNull(),
  ownerId: text("owner_id"),
  ownerName: text("owner_name"),
  resourceId: text("resource_id").notNull(),
  resourceName: text("resource_name").notNull(),
  protocol: text("protocol").notNull(),
  level: text("level").$type<AccessLevel>().notNull(),
  grantId: text("grant_id").notNull(),
  credentialId: text("credential_id").notNull(),
  secretId: text("secret_id"),
  agentId: text("agent_id").notNull(),
  agentName: text("agent_name").notNull(),
  /** Copied from the resource; a resource whose address changed ends its sessions. */
  address: text("address").notNull(),
  clientAddress: text("client_address").notNull(),
  application: text("application"),
  detail: json<Readonly<Record<string, string>>>("detail").notNull(),
  policyVersion: integer("policy_version").notNull(),
  recordingKeyId: text("recording_key_id").notNull(),
  startedAt: instant("started_at").notNull(),
  heartbeatAt: instant("heartbeat_at").notNull(),
  leaseExpiresAt: instant("lease_expires_at").notNull(),
  endedAt: instant("ended_at"),
  endReason: text("end_reason"),
  killReason: text("kill_reason"),
  counters: json<SessionCounters>("counters").notNull(),
  segments: integer("segments"),
  lastSegmentHash: text("last_segment_hash"),
  mandateId: text("mandate_id"),
  signInId: text("sign_in_id"),
});

/** Live looks at live sessions. */
export const sessionWatches = sqliteTable("session_watches", {
  id: text("id").primaryKey(),
  sessionId: text("session_id").notNull(),
  principalId: text("principal_id").notNull(),
  principalName: text("principal_name").notNull(),
  resourceId: text("resource_id").notNull(),
  originals: flag("originals").notNull(),
  startedAt: instant("started_at").notNull(),
  /** Each question for events moves it on. */
  until: instant("until").notNull(),
});

export const reviews = sqliteTable("reviews", {
  id: text("id").primaryKey(),
  shortId: text("short_id").notNull(),
  sessionId: text("session_id").notNull(),
  principalId: text("principal_id").notNull(),
  principalName: text("principal_name").notNull(),
  ownerId: text("owner_id"),
  resourceId: text("resource_id").notNull(),
  resourceName: text("resource_name").notNull(),
  mode: text("mode").$type<"hold" | "ticket">().notNull(),
  state: text("state").$type<ReviewState>().notNull(),
  ruleId: text("rule_id").notNull(),
  reason: text("reason").notNull(),
  askedOf: json<readonly string[]>("asked_of").notNull(),
  count: integer("count").notNull(),
  binding: text("binding").notNull(),
  sealedStatement: text("sealed_statement").notNull(),
  summary: text("summary").notNull(),
  labels: json<readonly string[]>("labels").notNull(),
  estimatedRows: integer("estimated_rows"),
  inTransaction: flag("in_transaction").notNull(),
  decisions: json<readonly ReviewDecision[]>("decisions").notNull(),
  requestedAt: instant("requested_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  closedReason: text("closed_reason"),
});

export const notificationChannels = sqliteTable("notification_channels", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  settings: json<ChannelSettings>("settings").notNull(),
  createdAt: instant("created_at").notNull(),
});

/** What people are to be told: one row for each channel, and by mail for each person. */
export const notifications = sqliteTable("notifications", {
  id: text("id").primaryKey(),
  channelId: text("channel_id").notNull(),
  event: text("event").notNull(),
  refId: text("ref_id").notNull(),
  /** Of a mail to somebody who is asked. */
  recipientId: text("recipient_id"),
  address: text("address"),
  message: json<NotificationMessage>("message").notNull(),
  state: text("state").$type<NotificationState>().notNull(),
  attempts: integer("attempts").notNull(),
  nextAt: instant("next_at").notNull(),
  /** A process sends it until then; it names the attempt, too. */
  leasedUntil: instant("leased_until"),
  expiresAt: instant("expires_at").notNull(),
  createdAt: instant("created_at").notNull(),
  sentAt: instant("sent_at"),
  lastError: text("last_error"),
  /** The link in the mail was used. */
  openedAt: instant("opened_at"),
});
