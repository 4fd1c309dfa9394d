import type {
  AccessLevel,
  BoundColumn,
  BrowserLoginState,
  BudgetAmounts,
  ConnectionSecretKind,
  Enforcement,
  PrincipalKind,
  RelationKind,
  ReviewDecision,
  ReviewState,
  SecretRules,
  SessionCounters,
  TargetCredential,
} from "@tidewaiter/core";
import type { AccessDecision, AccessRequestState, AccessRule } from "../features/access-requests/access-rule.ts";
import type { ChangeRequestState, Weakening } from "../features/change-requests/weakening.ts";
import type { ProviderSettings } from "../features/identity-providers/settings.ts";
import type { ChannelSettings, NotificationMessage, NotificationState } from "../features/notifications/channel.ts";
import type { Values as ScimValues } from "../features/scim/read-values.ts";
import type { FirstProof } from "../features/second-factors/factor.ts";
import type { Permission, Scope } from "../permissions.ts";
import type { SigningPurpose } from "../signing/purpose.ts";
import { integer, primaryKey, sqliteTable, text } from "./drizzle.ts";

/**
 * The tables, once for both stores. Only the subset that SQLite and PostgreSQL share is used: text and integer columns,
 * JSON as text, booleans as 0 or 1, instants as ISO 8601 text in UTC (which sorts by time). The statements are therefore
 * the same text for both and drizzle renders the placeholders of each dialect; see docs/adr/units-of-work-on-two-stores.md. The migrations make
 * the real tables, and the storage contract suite compares them with this file.
 */
const instant = (name: string) => text(name);
const flag = (name: string) => integer(name, { mode: "boolean" });
const json = <T>(name: string) => text(name, { mode: "json" }).$type<T>();

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

export const accessTokens = sqliteTable("access_tokens", {
  jti: text("jti").primaryKey(),
  principalId: text("principal_id").notNull(),
  issuedAt: instant("issued_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  revokedAt: instant("revoked_at"),
  mandateId: text("mandate_id"),
  signInId: text("sign_in_id"),
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

/** What a rule allows one principal, by counter. `account` names rule, principal and, where each has its own, resource. */
export const budgetAccounts = sqliteTable(
  "budget_accounts",
  {
    account: text("account").notNull(),
    counter: text("counter").notNull(),
    ruleId: text("rule_id").notNull(),
    principalId: text("principal_id").notNull(),
    resourceId: text("resource_id"),
    limitValue: integer("limit_value").notNull(),
    windowSeconds: integer("window_seconds").notNull(),
    usedAt: instant("used_at").notNull(),
    exceededAt: instant("exceeded_at"),
    /** The person that the principal acts for. */
    ownerId: text("owner_id"),
  },
  (table) => [primaryKey({ columns: [table.account, table.counter] })],
);

/** Granted in leases that end by `endsAt`; it counts for a window from then on. */
export const budgetSpends = sqliteTable(
  "budget_spends",
  {
    account: text("account").notNull(),
    counter: text("counter").notNull(),
    endsAt: instant("ends_at").notNull(),
    freesAt: instant("frees_at").notNull(),
    amount: integer("amount").notNull(),
  },
  (table) => [primaryKey({ columns: [table.account, table.counter, table.endsAt] })],
);

/** Different values that were asked for, as keyed tokens. */
export const budgetValues = sqliteTable(
  "budget_values",
  {
    account: text("account").notNull(),
    counter: text("counter").notNull(),
    token: text("token").notNull(),
    endsAt: instant("ends_at").notNull(),
    freesAt: instant("frees_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.account, table.counter, table.token] })],
);

/** What of a lease may still be returned. */
export const budgetLeases = sqliteTable("budget_leases", {
  id: text("id").primaryKey(),
  account: text("account").notNull(),
  sessionId: text("session_id").notNull(),
  endsAt: instant("ends_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  amounts: json<BudgetAmounts>("amounts").notNull(),
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

/** Custom roles; those of `ROLES` are built in. An empty scope is every resource. */
export const roles = sqliteTable("roles", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  description: text("description").notNull(),
  permissions: json<readonly Permission[]>("permissions").notNull(),
  scope: json<Scope>("scope").notNull(),
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

/** SAML assertions that were used, until they are out of date anyhow. */
export const samlAssertions = sqliteTable(
  "saml_assertions",
  { provider: text("provider").notNull(), idHash: text("id_hash").notNull(), until: instant("until").notNull() },
  (table) => [primaryKey({ columns: [table.provider, table.idHash] })],
);
