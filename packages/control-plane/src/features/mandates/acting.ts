import { inArray } from "../../storage/drizzle.ts";
import { mandates } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import { type KnownPrincipal, loadPrincipals, principalProblem } from "../principals/membership.ts";
import { type MandateRow, mandateProblem } from "./mandate.ts";

/** Who acts, and with what. */
export interface ActingRef {
  readonly principalId: string;
  /** Null: with all that the principal may. */
  readonly mandateId: string | null;
}

export interface Acting {
  /** With the person of its delegation as owner, and the limits of its mandate. Undefined: there is no such principal. */
  readonly known: KnownPrincipal | undefined;
  readonly mandate: MandateRow | undefined;
  /** Why it may do nothing at all. */
  readonly problem: string | undefined;
}

/** In the order asked for; a fixed number of statements however many are asked for. */
export function* loadActing(refs: readonly ActingRef[], now: string): Work<Acting[]> {
  const ids = [...new Set(refs.flatMap(({ mandateId }) => (mandateId === null ? [] : [mandateId])))];
  const rows = ids.length === 0 ? [] : yield* select(mandates, { where: inArray(mandates.id, ids) });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const people = rows.flatMap(({ ownerId }) => (ownerId === null ? [] : [ownerId]));
  const principals = yield* loadPrincipals([...refs.map(({ principalId }) => principalId), ...people]);
  return refs.map((ref) => acting(ref, byId, principals, now));
}

function acting(
  { principalId, mandateId }: ActingRef,
  mandatesById: ReadonlyMap<string, MandateRow>,
  principals: ReadonlyMap<string, KnownPrincipal>,
  now: string,
): Acting {
  const plain = principals.get(principalId);
  if (mandateId === null) return { known: plain, mandate: undefined, problem: principalProblem(plain) };
  const found = mandatesById.get(mandateId);
  // another principal's mandate would be a way to borrow its person
  const mandate = found?.principalId === principalId ? found : undefined;
  const own = mandateProblem(mandate, now);
  if (plain === undefined || mandate === undefined) return { known: plain, mandate, problem: own };
  const known = withMandate(plain, mandate, principals);
  return { known, mandate, problem: principalProblem(known) ?? own };
}

/** An agent that belongs to one person can be delegated by that person only, so the owner is never taken away by this. */
function withMandate(
  plain: KnownPrincipal,
  mandate: MandateRow,
  principals: ReadonlyMap<string, KnownPrincipal>,
): KnownPrincipal {
  const { resourceIds, level } = mandate;
  const limited = { ...plain, limits: { resourceIds, level } };
  if (mandate.ownerId === null) return limited;
  const row = { ...plain.row, ownerId: mandate.ownerId };
  const owner = principals.get(mandate.ownerId);
  const { owner: _, ...rest } = limited;
  return owner === undefined ? { ...rest, row } : { ...rest, row, owner };
}
