/** Built-in roles. Custom roles come with the identity providers. */
export const ROLES = ["admin", "auditor", "reviewer", "user"] as const;

export type Role = (typeof ROLES)[number];

/** What a route may ask for. `self.*` concerns only what belongs to the caller. */
export const PERMISSIONS = [
  "self.read",
  "self.write",
  "principals.read",
  "principals.write",
  "groups.read",
  "groups.write",
  "resources.list",
  "resources.read",
  "resources.write",
  "credentials.write",
  "grants.read",
  "grants.write",
  "policies.read",
  "policies.explain",
  "policies.test",
  "config.apply",
  "agents.read",
  "agents.write",
  "connection_secrets.read_all",
  "sessions.list",
  "sessions.read_all",
  "sessions.kill",
  "recordings.read",
  "recordings.read_originals",
  "recordings.verify",
  "reviews.list",
  "reviews.read_all",
  "reviews.decide",
  "budgets.read_all",
  "audit.read",
  "api_keys.read",
  "api_keys.write",
  "delegations.read_all",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Who a review asks is the rule's matter (`by`), so that everybody may try; an administrator is no reviewer by that. */
const USER: readonly Permission[] = [
  "self.read",
  "self.write",
  "resources.list",
  "policies.explain",
  "sessions.list",
  "reviews.list",
  "reviews.decide",
];

const READ_CONFIGURATION: readonly Permission[] = [
  "principals.read",
  "groups.read",
  "resources.read",
  "grants.read",
  "policies.read",
  "policies.test",
  "agents.read",
  "api_keys.read",
  "delegations.read_all",
];

/** The one table from roles to permissions. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  user: USER,
  reviewer: [...USER, "reviews.read_all"],
  auditor: [
    ...USER,
    ...READ_CONFIGURATION,
    "connection_secrets.read_all",
    "sessions.read_all",
    "recordings.read",
    "recordings.read_originals",
    "recordings.verify",
    "reviews.read_all",
    "budgets.read_all",
    "audit.read",
  ],
  admin: [
    ...USER,
    ...READ_CONFIGURATION,
    "principals.write",
    "groups.write",
    "resources.write",
    "credentials.write",
    "grants.write",
    "config.apply",
    "agents.write",
    "api_keys.write",
    "connection_secrets.read_all",
    "sessions.read_all",
    "sessions.kill",
    "recordings.read",
    "recordings.verify",
    "reviews.read_all",
    "budgets.read_all",
    "audit.read",
  ],
};

/** An unknown role gives nothing; whoever can sign in has at least what a user has. */
export function permissionsOf(roles: readonly string[]): ReadonlySet<Permission> {
  const table: Readonly<Record<string, readonly Permission[] | undefined>> = ROLE_PERMISSIONS;
  return new Set([...USER, ...roles.flatMap((role) => (Object.hasOwn(table, role) ? (table[role] ?? []) : []))]);
}
