import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Caller } from "../login/service.ts";

export const STEP_UP_PAGE = "/step-up";

/** For what counts as done by the person, at this moment: approvals. */
export const JUST_NOW_MS = 5 * 60 * 1000;

/**
 * Asks for a proof of who the person is that is not older than `withinMs`: signing in is one, and so is the page
 * `/step-up`. In a browser the person is led there and back; elsewhere `next` says where to go.
 *
 * @throws `step_up_required`; `permission_missing` for whoever is no person who signed in, such as an API key
 */
export function requireStepUp(caller: Caller, options: { readonly withinMs: number; readonly now: number }): void {
  requirePerson(caller);
  const age = options.now - Date.parse(caller.authenticatedAt);
  if (age >= 0 && age <= options.withinMs) return;
  throw new TidewaiterError("step_up_required", "prove once more that it is you", { next: STEP_UP_PAGE });
}

/** A key or a delegation is no person, so it proves nothing and steps up to nothing. */
export function requirePerson(caller: Caller): void {
  if (caller.principal.kind === "user" && caller.signInId !== undefined && caller.mandate === undefined) return;
  throw new TidewaiterError("permission_missing", "only a person who is signed in can do this");
}
