import { ROLES } from "../../permissions.ts";
import { principalName, thingName } from "../shapes.ts";
import { invalid } from "./scim-error.ts";

/** Names that could be taken for rights of ours, or of what we stand before (Kubernetes: `system:masters`). */
const RESERVED_GROUPS = /^(system|tidewaiter)($|[^a-z0-9])/;

/**
 * The principal's name: `Ana.Lima@example.com` is `ana.lima`. What a name here cannot hold becomes `-`; two people whose
 * names come out alike are the store's matter, which refuses the second.
 */
export function principalNameOf(userName: string): string {
  const [local = ""] = userName.trim().toLowerCase().split("@");
  const name = local
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63);
  const checked = principalName.safeParse(name);
  if (checked.success) return name;
  const why = checked.error.issues[0]?.message ?? "it cannot be a name here";
  throw invalid("invalidValue", `userName: no principal can be called "${name}": ${why}`);
}

/** The group's name: `Data Owners` is `data-owners`. */
export function groupNameOf(displayName: string): string {
  const lower = displayName.trim().toLowerCase();
  if (RESERVED_GROUPS.test(lower)) {
    throw invalid("invalidValue", "displayName: names that begin with system or tidewaiter are reserved");
  }
  const name = lower
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  if (ROLES.some((role) => role === name)) {
    throw invalid("invalidValue", `displayName: ${name} is the name of a role; no provider gives one`);
  }
  const checked = thingName.safeParse(name);
  if (checked.success) return name;
  const why = checked.error.issues[0]?.message ?? "it cannot be a name here";
  throw invalid("invalidValue", `displayName: no group can be called "${name}": ${why}`);
}
