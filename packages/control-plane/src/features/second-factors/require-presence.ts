import type { Services } from "../../services.ts";
import type { Caller } from "../login/service.ts";
import { JUST_NOW_MS } from "./require-step-up.ts";

/**
 * An approval is an act of the person, now: a browser that was left open approves nothing. In a browser this holds for
 * every approval; elsewhere where second factors are required, and for resources that ask for a person's presence.
 * Saying no is always possible.
 *
 * @param about which of the resources it is about, by id or by name
 * @throws `step_up_required`, `permission_missing`
 */
export async function requirePresence(
  services: Pick<Services, "factors" | "store">,
  caller: Caller,
  about: { readonly ids?: readonly string[]; readonly names?: readonly string[] },
): Promise<void> {
  const always = caller.via === "web" || services.factors.required;
  if (always || (await asksForPresence(services, about))) {
    services.factors.requireStepUp(caller, { withinMs: JUST_NOW_MS });
  }
}

async function asksForPresence(
  { store }: Pick<Services, "store">,
  { ids = [], names = [] }: Parameters<typeof requirePresence>[2],
): Promise<boolean> {
  if (ids.length === 0 && names.length === 0) return false;
  const all = await store.units.resources.list();
  const about = all.filter(({ id, name }) => ids.includes(id) || names.includes(name));
  return about.some(({ secrets }) => secrets?.presence === "required");
}
