/** Built-in roles. Custom roles stand in the store; see features/roles. */
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
  "roles.read",
  "roles.write",
  "roles.appoint",
  "resources.list",
  "resources.read",
  "resources.write",
  "credentials.write",
  "grants.read",
  "grants.write",
  "access.explain",
  "access_rules.read",
  "access_rules.write",
  "access_requests.list",
  "access_requests.ask",
  "access_requests.decide",
  "access_requests.read_all",
  "change_requests.read",
  "change_requests.decide",
  "settings.read",
  "settings.write",
  "emergency.read",
  "emergency.write",
  "emergency.review",
  "scim_tokens.write",
  "identity_providers.read",
  "identity_providers.write",
  "policies.read",
  "policies.explain",
  "policies.test",
  "config.apply",
  "agents.read",
  "agents.write",
  "connection_secrets.read_all",
  "certificate_authorities.write",
  "sessions.list",
  "sessions.read_all",
  "sessions.kill",
  "recordings.read",
  "recordings.read_originals",
  "recordings.verify",
  "reviews.list",
  "reviews.read_all",
  "reviews.decide",
  "notifications.read",
  "notifications.write",
  "budgets.read_all",
  "audit.read",
  "api_keys.read",
  "api_keys.write",
  "delegations.read_all",
  "federations.read",
  "federations.write",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Who a review asks is the rule's matter (`by`), so that everybody may try; an administrator is no reviewer by that. */
const USER: readonly Permission[] = [
  "self.read",
  "self.write",
  "resources.list",
  "access.explain",
  "access_requests.list",
  "access_requests.ask",
  "access_requests.decide",
  "policies.explain",
  "sessions.list",
  "reviews.list",
  "reviews.decide",
];

const READ_CONFIGURATION: readonly Permission[] = [
  "principals.read",
  "groups.read",
  "roles.read",
  "resources.read",
  "grants.read",
  "access_rules.read",
  "access_requests.read_all",
  "change_requests.read",
  "settings.read",
  "emergency.read",
  "emergency.review",
  "identity_providers.read",
  "policies.read",
  "policies.test",
  "agents.read",
  "notifications.read",
  "api_keys.read",
  "delegations.read_all",
  "federations.read",
];

/** The one table from roles to permissions. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  user: USER,
  reviewer: [...USER, "reviews.read_all", "access_requests.read_all"],
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
    "roles.write",
    "roles.appoint",
    "resources.write",
    "credentials.write",
    "grants.write",
    "access_rules.write",
    "change_requests.decide",
    "settings.write",
    "emergency.write",
    "identity_providers.write",
    "scim_tokens.write",
    "config.apply",
    "agents.write",
    "notifications.write",
    "api_keys.write",
    "federations.write",
    "certificate_authorities.write",
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

/** A set of resources: those that have all of these tags. Without any it is every resource. */
export type Scope = Readonly<Record<string, string>>;

/** What somebody may do, and on which resources: the scopes by permission. Plain data. */
export type Rights = Readonly<Partial<Record<Permission, readonly Scope[]>>>;

/** A role as far as rights go. */
export interface RoleRights {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly scope: Scope;
}

const EVERYWHERE: readonly Scope[] = [{}];

/**
 * Rights by the names of roles, built in or among `custom`. An unknown role gives nothing; whoever can sign in has at
 * least what a user has.
 */
export function rightsOf(roles: readonly string[], custom: readonly RoleRights[] = []): Rights {
  const rights: Partial<Record<Permission, readonly Scope[]>> = {};
  const add = (permissions: readonly string[], scope: Scope) => {
    for (const permission of permissions) {
      if (isPermission(permission)) rights[permission] = [...(rights[permission] ?? []), scope];
    }
  };
  add(USER, {});
  for (const role of roles) {
    if (isBuiltInRole(role)) add(ROLE_PERMISSIONS[role], {});
    else for (const { name, permissions, scope } of custom) if (name === role) add(permissions, scope);
  }
  return rights;
}

export function isBuiltInRole(name: string): name is Role {
  return Object.hasOwn(ROLE_PERMISSIONS, name);
}

export function isPermission(name: string): name is Permission {
  return (PERMISSIONS as readonly string[]).includes(name);
}

/** Held on some resources at least. */
export function holds(rights: Rights, permission: Permission): boolean {
  return (rights[permission] ?? []).length > 0;
}

export function holdsEverywhere(rights: Rights, permission: Permission): boolean {
  return (rights[permission] ?? []).some((scope) => Object.keys(scope).length === 0);
}

/** Held on a resource with these tags, or on all that a selector of these tags selects. */
export function holdsOn(rights: Rights, permission: Permission, tags: Scope): boolean {
  return (rights[permission] ?? []).some((scope) => within(tags, scope));
}

/** Is everything in `other` in `rights` too? */
export function covers(rights: Rights, other: Rights): boolean {
  return PERMISSIONS.every((permission) =>
    (other[permission] ?? []).every((scope) => holdsOn(rights, permission, scope)),
  );
}

/** What both have: of a delegated AI agent and its person, or of a key and its holder. */
export function intersectRights(a: Rights, b: Rights): Rights {
  const both: Partial<Record<Permission, readonly Scope[]>> = {};
  for (const permission of PERMISSIONS) {
    const scopes = (a[permission] ?? []).flatMap((one) => (b[permission] ?? []).flatMap((two) => merge(one, two)));
    if (scopes.length > 0) both[permission] = scopes.some(isEverywhere) ? EVERYWHERE : scopes;
  }
  return both;
}

/** Those of `rights` that are among the named permissions. */
export function onlyRights(rights: Rights, permissions: readonly string[]): Rights {
  return Object.fromEntries(Object.entries(rights).filter(([permission]) => permissions.includes(permission)));
}

function within(tags: Scope, scope: Scope): boolean {
  return Object.entries(scope).every(([tag, value]) => Object.hasOwn(tags, tag) && tags[tag] === value);
}

function isEverywhere(scope: Scope): boolean {
  return Object.keys(scope).length === 0;
}

/** Resources that are in both; none when a tag would need two values. */
function merge(one: Scope, two: Scope): Scope[] {
  const agree = Object.entries(one).every(([tag, value]) => !Object.hasOwn(two, tag) || two[tag] === value);
  return agree ? [{ ...one, ...two }] : [];
}

/** The permissions of built-in roles, for those who need no scope. */
export function permissionsOf(roles: readonly string[]): ReadonlySet<Permission> {
  const rights = rightsOf(roles);
  return new Set(PERMISSIONS.filter((permission) => holds(rights, permission)));
}
