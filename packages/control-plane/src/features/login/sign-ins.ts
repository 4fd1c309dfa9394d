import { newId } from "@tidewaiter/core/ids";
import { signIns } from "../../storage/schema.ts";
import { insert, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { type ActingRef, loadActing } from "../mandates/acting.ts";
import { type Holder, toHolder } from "../mandates/holder.ts";
import { provesPresence } from "../secrets/presence.ts";

export type SignInRow = typeof signIns.$inferSelect;

/** What is known once somebody has proven who they are. */
export interface NewSignIn {
  readonly principalId: string;
  readonly via: SignInRow["via"];
  /** `local`, or the name of the identity provider. */
  readonly provider: string;
  readonly identityId?: string | undefined;
  /** The provider's `sid`. */
  readonly providerSession?: string | undefined;
  /** RFC 8176, such as `pwd` or `hwk`. */
  readonly methods: readonly string[];
  /** When the proof was given; default now. */
  readonly authenticatedAt?: string | undefined;
  /** Of the latest proof of being there that is not used up, null for none; default by `methods`. */
  readonly presenceAt?: string | null | undefined;
  /** The last instant of everything that it gives out, refreshed or not. */
  readonly expiresAt: string;
  readonly address: string;
}

export function* openSignIn(unit: UnitContext, given: NewSignIn): Work<SignInRow> {
  const row: SignInRow = {
    id: newId("sgn"),
    principalId: given.principalId,
    via: given.via,
    provider: given.provider,
    identityId: given.identityId ?? null,
    providerSession: given.providerSession ?? null,
    methods: given.methods,
    authenticatedAt: given.authenticatedAt ?? unit.now,
    createdAt: unit.now,
    expiresAt: given.expiresAt,
    address: given.address,
    endedAt: null,
    endReason: null,
    presenceAt:
      given.presenceAt === undefined && provesPresence(given.methods)
        ? (given.authenticatedAt ?? unit.now)
        : (given.presenceAt ?? null),
  };
  yield* insert(signIns, row);
  const { principalId, via, provider, expiresAt, address } = row;
  const data = { signIn: row.id, via, provider, methods: row.methods.join(" "), address, expiresAt };
  unit.audit({ type: "login.succeeded", principalId, data });
  return row;
}

/** With `signIn` undefined the proof was made without one, such as an exchanged token. Rights are read anew. */
export function* signInHolder(unit: UnitContext, signIn: SignInRow | undefined, ref: ActingRef): Work<Holder> {
  if (signIn !== undefined && signIn.endedAt !== null) return { ok: false, reason: "revoked" };
  if (signIn !== undefined && signIn.expiresAt <= unit.now) return { ok: false, reason: "expired" };
  const [acting] = yield* loadActing([ref], unit.now);
  if (acting === undefined) return { ok: false, reason: "unknown" };
  const holder = yield* toHolder(acting, unit.now);
  if (!holder.ok || signIn === undefined) return holder;
  const { id, provider, authenticatedAt, methods } = signIn;
  return { ...holder, signIn: { id, provider, authenticatedAt, methods } };
}
