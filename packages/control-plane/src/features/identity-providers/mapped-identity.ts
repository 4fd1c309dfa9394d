import { compileClaimExpression } from "@tidewaiter/core/claims/claim-expression";
import { principalName, thingName } from "../shapes.ts";
import type { OidcSettings } from "./settings.ts";

/** What a provider says of somebody, in our words: whatever the protocol was, this is what comes of it. */
export interface MappedIdentity {
  readonly subject: string;
  /** Name of the principal. */
  readonly name: string;
  /** Names of groups; undefined: the provider says nothing of groups. */
  readonly groups: readonly string[] | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

export type MappingResult =
  | { readonly ok: true; readonly identity: MappedIdentity }
  | { readonly ok: false; readonly reason: string };

export type Claims = Readonly<Record<string, unknown>>;

type Mapping = Pick<OidcSettings, "claims" | "groupNames" | "allow"> & Partial<Pick<OidcSettings, "allowedDomains">>;

/** Who somebody is and whether they may sign in, by the provider's claims. The reason is for them and for the audit log. */
export function mapIdentity(settings: Mapping, claims: Claims): MappingResult {
  const subject = text(settings.claims.subject, claims);
  if (subject === undefined || subject === "") return refuse("the provider names no subject");
  const closed = notAllowed(settings, claims);
  if (closed !== undefined) return refuse(closed);
  const name = text(settings.claims.name, claims)?.toLowerCase();
  if (name === undefined) return refuse("claims.name gives no name");
  if (!principalName.safeParse(name).success) return refuse("claims.name gives no name that a principal may have");
  const groups = groupsOf(settings, claims);
  if (groups === "unknown") return refuse("claims.groups gives no list of groups");
  return { ok: true, identity: { subject, name, groups, attributes: attributesOf(settings, claims) } };
}

/** The subject that claims speak of, such as those of a logout. */
export function subjectOf(settings: Pick<OidcSettings, "claims">, claims: Claims): string | undefined {
  return text(settings.claims.subject, claims);
}

function notAllowed({ allow, allowedDomains }: Mapping, claims: Claims): string | undefined {
  if (allowedDomains !== undefined && !fitsDomain(claims, allowedDomains)) {
    return "your e-mail address is not of an allowed domain, or is not verified";
  }
  if (allow === undefined || evaluate("condition", allow, claims) === true) return undefined;
  return "the configuration of this provider does not let you in";
}

/** An address that the provider has not verified is what its owner typed. */
function fitsDomain(claims: Claims, domains: readonly string[]): boolean {
  const { email, email_verified: verified } = claims;
  if (typeof email !== "string" || (verified !== true && verified !== "true")) return false;
  const at = email.lastIndexOf("@");
  return at > 0 && domains.includes(email.slice(at + 1).toLowerCase());
}

/** With an expression a list has to come of it: to take its absence for "no groups" would take rights away by accident. */
function groupsOf({ claims: mapping, groupNames }: Mapping, claims: Claims): readonly string[] | undefined | "unknown" {
  if (mapping.groups === undefined) return undefined;
  const found = evaluate("texts", mapping.groups, claims);
  if (found === undefined) return "unknown";
  const names = found.map((name) => (Object.hasOwn(groupNames, name) ? (groupNames[name] ?? "") : name.toLowerCase()));
  return [...new Set(names.filter((name) => thingName.safeParse(name).success))].sort();
}

function attributesOf({ claims: mapping }: Mapping, claims: Claims): Record<string, string> {
  const found = Object.entries(mapping.attributes).map(([name, source]) => [name, text(source, claims)] as const);
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function text(source: string, claims: Claims): string | undefined {
  return evaluate("text", source, claims);
}

function evaluate<Kind extends "condition" | "text" | "texts">(kind: Kind, source: string, claims: Claims) {
  const compiled = compileClaimExpression(kind, source);
  return compiled.ok ? compiled.expression.evaluate(claims) : undefined;
}

function refuse(reason: string): MappingResult {
  return { ok: false, reason };
}
