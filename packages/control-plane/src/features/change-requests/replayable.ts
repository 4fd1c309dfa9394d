import type { Permission } from "../../permissions.ts";
import type { UnitDefinition } from "../../storage/unit.ts";
import { accessRuleUnits } from "../access-requests/rule-store.ts";
import { apiKeyUnits } from "../api-keys/store.ts";
import { applyUnits } from "../apply/store.ts";
import { emergencyIdentityUnits } from "../emergency/identity-store.ts";
import { grantUnits } from "../grants/store.ts";
import { groupUnits } from "../groups/store.ts";
import { identityUnits } from "../identity-providers/identities.ts";
import { labelUnits } from "../labels/store.ts";
import { notificationUnits } from "../notifications/store.ts";
import { principalUnits } from "../principals/store.ts";
import { resourceUnits } from "../resources/store.ts";
import { roleUnits } from "../roles/store.ts";
import { scimGroupUnits } from "../scim/groups.ts";
import { settingsUnits } from "./settings-store.ts";

interface Replayable {
  readonly unit: UnitDefinition<never, unknown>;
  /** What whoever approves must hold, everywhere: the same that the change itself takes. */
  readonly permission: Permission;
}

const of = (unit: unknown, permission: Permission): Replayable => {
  return { unit: unit as UnitDefinition<never, unknown>, permission };
};

/** Units that can wait for a second person, by the name that they have in the registry. */
const TABLE: Readonly<Record<string, () => Replayable>> = {
  "principals.create": () => of(principalUnits.create, "principals.write"),
  "principals.update": () => of(principalUnits.update, "principals.write"),
  "principals.setPassword": () => of(principalUnits.setPassword, "principals.write"),
  "principals.delete": () => of(principalUnits.delete, "principals.write"),
  "identities.link": () => of(identityUnits.link, "principals.write"),
  "groups.create": () => of(groupUnits.create, "groups.write"),
  "groups.put": () => of(groupUnits.put, "groups.write"),
  "groups.setMembers": () => of(groupUnits.setMembers, "groups.write"),
  "groups.delete": () => of(groupUnits.delete, "groups.write"),
  "scimGroups.create": () => of(scimGroupUnits.create, "groups.write"),
  "scimGroups.replace": () => of(scimGroupUnits.replace, "groups.write"),
  "scimGroups.patch": () => of(scimGroupUnits.patch, "groups.write"),
  "roles.put": () => of(roleUnits.put, "roles.write"),
  "emergencyIdentities.create": () => of(emergencyIdentityUnits.create, "emergency.write"),
  "emergencyIdentities.setCodes": () => of(emergencyIdentityUnits.setCodes, "emergency.write"),
  "apiKeys.create": () => of(apiKeyUnits.create, "api_keys.write"),
  "apiKeys.rotate": () => of(apiKeyUnits.rotate, "api_keys.write"),
  "notifications.putChannel": () => of(notificationUnits.putChannel, "notifications.write"),
  "notifications.removeChannel": () => of(notificationUnits.removeChannel, "notifications.write"),
  "resources.create": () => of(resourceUnits.create, "resources.write"),
  "resources.update": () => of(resourceUnits.update, "resources.write"),
  "grants.create": () => of(grantUnits.create, "grants.write"),
  "accessRules.put": () => of(accessRuleUnits.put, "access_rules.write"),
  "labels.accept": () => of(labelUnits.accept, "resources.write"),
  "apply.run": () => of(applyUnits.run, "config.apply"),
  "settings.setMode": () => of(settingsUnits.setMode, "settings.write"),
};

export function replayable(unit: string): Replayable | undefined {
  return Object.hasOwn(TABLE, unit) ? TABLE[unit]?.() : undefined;
}
