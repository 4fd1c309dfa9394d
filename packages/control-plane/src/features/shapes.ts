import { DURATION_PATTERN, toSeconds } from "@tidewaiter/core/policy/quantities";
import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import { z } from "zod";
import { PERMISSIONS } from "../permissions.ts";

/** Shapes that more than one route or document uses. */

/** Reserved: user names that start another way of signing in to a target (issue: `token`, `login`). */
const RESERVED = new Set(["token", "login"]);

export const principalName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "1-63 characters of a-z 0-9 . _ - beginning with a letter or digit")
  .refine((name) => !RESERVED.has(name), "this name is reserved");

/** Resources are also TLS server names and database names. */
export const thingName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "1-63 characters of a-z 0-9 - as in a DNS label");

/** Names of roles, built in or custom; the store knows which there are. */
export const roles = z.array(thingName).max(50);

export const permissions = z.array(z.enum(PERMISSIONS)).min(1).max(PERMISSIONS.length);

/** Facts about a principal, such as `manager`. */
export const attributes = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "an attribute's name"), z.string().min(1).max(200))
  .refine((facts) => Object.keys(facts).length <= 50, "at most 50 attributes");

export const resourceTags = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,62}$/, "a tag's name"), z.string().max(200))
  .refine((tags) => Object.keys(tags).length <= 50, "at most 50 tags");

/** `env:NAME`, `file:/path`, `vault:...`: where a secret is kept. What it may be is the resolver's matter. */
export const secretReference = z.string().min(3).max(1024);

const seconds = (max: number) =>
  z
    .union([
      z.int(),
      z.string().regex(DURATION_PATTERN, "a duration such as 30m or 8h, or seconds").transform(toSeconds),
    ])
    .pipe(z.int().max(max, `at most ${max} seconds`));

/** The longest that anything opens connections, whatever a resource says. */
export const MAX_SECRET_TTL = 24 * 3600;
export const MIN_SECRET_TTL = 60;

/** How long a connection secret or a certificate is wanted, and for how many connections. */
export const secretLimits = {
  ttlSeconds: z.int().min(MIN_SECRET_TTL).max(MAX_SECRET_TTL).optional(),
  uses: z.int().min(1).max(1_000_000).optional(),
};

/** Where PostgreSQL clients go. */
export const postgresEndpoint = z.object({
  host: z.string(),
  port: z.int(),
  tls: z.boolean(),
  caPem: z.string().optional(),
});

export const secretRules = z
  .strictObject({
    ttl: seconds(MAX_SECRET_TTL)
      .refine((value) => value >= MIN_SECRET_TTL, "at least a minute")
      .optional(),
    maxTtl: seconds(MAX_SECRET_TTL)
      .refine((value) => value >= MIN_SECRET_TTL, "at least a minute")
      .optional(),
    singleUse: z.boolean().optional(),
    browserTtl: seconds(MAX_SECRET_TTL)
      .refine((value) => value >= 0, "0 or more")
      .optional(),
    presence: z.enum(["none", "required"]).optional(),
  })
  .refine(({ ttl, maxTtl }) => ttl === undefined || maxTtl === undefined || ttl <= maxTtl, "ttl is longer than maxTtl");

export const accessLevel = z.enum(ACCESS_LEVELS);

/** Kept in UTC: instants are compared as text. */
export const instant = z.iso
  .datetime({ offset: true })
  .overwrite((text) => (Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString()));

export const grantShape = {
  principal: principalName.optional(),
  group: thingName.optional(),
  resource: thingName.optional(),
  tags: resourceTags.optional(),
  level: accessLevel.default("read"),
  expiresAt: instant.optional(),
};

interface GrantParts {
  readonly principal?: unknown;
  readonly group?: unknown;
  readonly resource?: unknown;
  readonly tags?: unknown;
}

export const oneSubject = {
  check: (grant: GrantParts) => (grant.principal === undefined) !== (grant.group === undefined),
  message: "name either a principal or a group",
};

export const oneResourceOrTags = {
  check: (grant: GrantParts) => (grant.resource === undefined) !== (grant.tags === undefined),
  message: "name either a resource or tags",
};

export const principalKind = z.enum(["user", "service", "ai_agent"]);

export const principalIdentity = z.object({
  id: z.string(),
  name: z.string(),
  kind: principalKind,
  groups: z.array(z.string()).readonly(),
  onBehalfOf: z.object({ id: z.string(), name: z.string(), groups: z.array(z.string()).readonly() }).optional(),
});

/** A path parameter that names something; what does not fit the pattern cannot exist. */
export const namePath = z.object({ name: z.string().min(1).max(200) });
export const idPath = z.object({ id: z.string().min(1).max(100) });

/** Files as a person knows them, for applying and testing. */
export const documentsShape = z
  .array(z.strictObject({ name: z.string().min(1).max(200), source: z.string().max(1024 * 1024) }))
  .min(1)
  .max(500);
