import type { AccessLevel, PrincipalKind } from "@tidewaiter/core";
import type { AccessRule } from "../access-requests/access-rule.ts";
import type { DocumentedCredential } from "../credentials/service.ts";
import type { FederationInput } from "../federation/store.ts";
import type { GrantInput } from "../grants/store.ts";
import type { GroupInput } from "../groups/store.ts";
import type { ProviderSettings } from "../identity-providers/settings.ts";
import type { ChannelSettings } from "../notifications/channel.ts";
import type { ResourceInput } from "../resources/store.ts";
import type { RoleInput } from "../roles/store.ts";

interface Positioned {
  readonly name: string;
  /** `file:line`, for what can only be found wrong against the store. */
  readonly at: string;
  /** Only `absent` removes; leaving a document out changes nothing. */
  readonly state: "present" | "absent";
}

export interface PrincipalDocument extends Positioned {
  readonly noun: "principal";
  readonly fields: {
    readonly kind: PrincipalKind;
    readonly roles?: readonly string[] | undefined;
    readonly disabled?: boolean | undefined;
    readonly onBehalfOf?: string | null | undefined;
    readonly attributes?: Readonly<Record<string, string>> | undefined;
  };
}

export interface GroupDocument extends Positioned {
  readonly noun: "group";
  readonly fields: Omit<GroupInput, "name">;
}

export interface ResourceDocument extends Positioned {
  readonly noun: "resource";
  readonly fields: Pick<ResourceInput, "protocol" | "target" | "address" | "agent"> & {
    readonly tags?: ResourceInput["tags"] | undefined;
    readonly enforce?: ResourceInput["enforce"] | undefined;
    /** By level; a level that is left out keeps its credential. */
    readonly credentials?: Readonly<Partial<Record<AccessLevel, DocumentedCredential>>> | undefined;
    readonly secrets?: ResourceInput["secrets"] | undefined;
    readonly identityGraceSeconds?: ResourceInput["identityGraceSeconds"];
  };
}

export interface GrantDocument extends Positioned {
  readonly noun: "grant";
  readonly fields: Omit<GrantInput, "name">;
}

export interface RoleDocument extends Positioned {
  readonly noun: "role";
  readonly fields: Omit<RoleInput, "name">;
}

export interface AccessRuleDocument extends Positioned {
  readonly noun: "access_rule";
  readonly fields: AccessRule;
}

export interface FederationDocument extends Positioned {
  readonly noun: "federation";
  readonly fields: Omit<FederationInput, "name">;
}

export interface IdentityProviderDocument extends Positioned {
  readonly noun: "identity_provider";
  readonly fields: ProviderSettings;
}

export interface NotificationChannelDocument extends Positioned {
  readonly noun: "notification_channel";
  readonly fields: { readonly settings: ChannelSettings };
}

export interface PolicyFile extends Positioned {
  readonly noun: "policy";
  readonly fields: { readonly source: string };
}

/** One checked document. A field that is left out keeps what is there, or gets its default when the thing is new. */
export type AppliedDocument =
  | RoleDocument
  | PrincipalDocument
  | GroupDocument
  | ResourceDocument
  | GrantDocument
  | AccessRuleDocument
  | FederationDocument
  | IdentityProviderDocument
  | NotificationChannelDocument
  | PolicyFile;

export type Noun = AppliedDocument["noun"];

/** The order of making; removing goes the other way round. */
export const NOUNS = [
  "role",
  "principal",
  "group",
  "resource",
  "grant",
  "access_rule",
  "federation",
  "identity_provider",
  "notification_channel",
  "policy",
] as const satisfies Noun[];

export interface FieldChange {
  readonly field: string;
  /** JSON; null where there was nothing. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface AppliedChange {
  readonly noun: Noun;
  readonly name: string;
  readonly action: "create" | "update" | "delete" | "none";
  readonly diff: readonly FieldChange[];
}

/** Fields of `after` that differ from `before`; undefined ones are not asked for. */
export function fieldChanges(before: Record<string, unknown>, after: Record<string, unknown>): FieldChange[] {
  return Object.entries(after).flatMap(([field, value]) => {
    if (value === undefined) return [];
    const from = toJson(before[field]);
    const to = toJson(value);
    return from === to ? [] : [{ field, before: from, after: to }];
  });
}

/** As in a {@link FieldChange}: keys sorted, null for nothing. */
export function toJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(sortKeys(value));
}

/** The order of keys is no difference. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sortKeys(entry)]),
  );
}

export function outcome(
  { noun, name }: AppliedDocument,
  action: AppliedChange["action"],
  diff: readonly FieldChange[] = [],
): AppliedChange {
  return { noun, name, action, diff };
}
