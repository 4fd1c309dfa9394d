import type { AuditEventInput } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../../storage/drizzle.ts";
import { signIns } from "../../storage/schema.ts";
import { selectOne, update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import type { MandateRow } from "../mandates/mandate.ts";
import { STEP_UP_PAGE } from "../second-factors/require-step-up.ts";

/** Time between the touch and what it is for. */
export const PRESENCE_MS = 2 * 60_000;
/** RFC 8176: proofs that a program with the person's files cannot give. A password is none: programs ask for those, too. */
const STRONG = new Set(["hwk", "swk", "otp", "mfa", "fpt", "face", "iris", "sc", "user"]);

export function provesPresence(methods: readonly string[]): boolean {
  return methods.some((method) => STRONG.has(method));
}

/**
 * Takes the person's latest proof of being there. Each counts once: a program that waits with a stolen token for a touch
 * that was meant for something else takes it away from the person, who notices, and cannot share it.
 * @throws TidewaiterError `step_up_required`
 */
export function* takePresence(unit: UnitContext, signInId: string | undefined, what: string): Work<void> {
  const signIn = signInId === undefined ? undefined : yield* selectOne(signIns, eq(signIns.id, signInId));
  if (signIn === undefined) {
    throw new TidewaiterError("permission_missing", `${what} takes a person who is signed in and there`);
  }
  const { authenticatedAt, methods, presenceAt } = signIn;
  const fresh = (at: string) => Math.abs(Date.parse(unit.now) - Date.parse(at)) <= PRESENCE_MS;
  if (presenceAt === null || !fresh(presenceAt)) {
    const used = presenceAt === null && fresh(authenticatedAt) && provesPresence(methods);
    const why = used ? "; the last proof was used already, for something else" : "";
    throw new TidewaiterError("step_up_required", `${what} takes your presence: touch your passkey${why}`, {
      next: STEP_UP_PAGE,
    });
  }
  yield* update(signIns, { presenceAt: null }, eq(signIns.id, signIn.id));
}

interface Protected {
  readonly name: string;
  readonly secrets: { readonly presence?: "none" | "required" | undefined } | null;
}

export function needsPresence({ secrets }: Pick<Protected, "secrets">): boolean {
  return secrets?.presence === "required";
}

/**
 * Why a proof that is good elsewhere opens nothing here, or undefined: nobody was there when it was made. An access token
 * alone never is enough. A workload's own token was made by no person, and stands for none.
 */
export function presenceProblem(
  resource: Protected,
  secret: { readonly present: boolean } | undefined,
  mandate: Pick<MandateRow, "present" | "type"> | undefined,
): string | undefined {
  if (!needsPresence(resource) || secret?.present === true) return undefined;
  if (mandate?.present === true || mandate?.type === "federation") return undefined;
  return `${resource.name} takes secrets that were made for it in somebody's presence`;
}

/** That somebody asked without being there is written down: it may be a program with a stolen token. */
export async function auditAbsence<Result>(
  audit: (event: AuditEventInput) => Promise<void>,
  caller: { readonly id: string; readonly name: string },
  what: string,
  work: Promise<Result>,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TidewaiterError && error.code === "step_up_required") {
      await audit({ type: "presence.missing", principalId: caller.id, data: { by: caller.name, what } });
    }
    throw error;
  }
}
