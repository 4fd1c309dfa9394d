import type { Services } from "../../services.ts";
import type { Caller } from "../login/service.ts";
import { JUST_NOW_MS } from "../second-factors/require-step-up.ts";
import type { ReviewRow } from "./store.ts";

/**
 * An approval is an act of the person, now: a browser that was left open approves nothing. In a browser this holds for
 * every approval, elsewhere for resources that ask for a person's presence. Rejecting is always possible.
 *
 * @throws `step_up_required`, `permission_missing`
 */
export async function requirePresence(services: Services, caller: Caller, row: ReviewRow): Promise<void> {
  if (caller.via === "web" || (await asksForPresence(services, row))) {
    services.factors.requireStepUp(caller, { withinMs: JUST_NOW_MS });
  }
}

async function asksForPresence(services: Services, row: ReviewRow): Promise<boolean> {
  const all = await services.store.units.resources.list();
  return all.find(({ id }) => id === row.resourceId)?.secrets?.presence === "required";
}
