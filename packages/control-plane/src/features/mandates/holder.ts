import type { Principal } from "@tidewaiter/core";
import { toPrincipal } from "../principals/store.ts";
import type { Acting } from "./acting.ts";
import type { MandateRow } from "./mandate.ts";

export type HeldMandate = Pick<
  MandateRow,
  "id" | "type" | "name" | "permissions" | "resourceIds" | "expiresAt" | "present"
>;

/** Who a proof stands for, with rights read anew at each use. */
export type Holder =
  | {
      readonly ok: true;
      readonly principal: Principal;
      readonly roles: readonly string[];
      /** Of the person that an AI agent acts for: it may do what both may. */
      readonly personRoles?: readonly string[];
      readonly mandate?: HeldMandate;
    }
  | { readonly ok: false; readonly reason: "revoked" | "expired" | "unknown" | "disabled" };

export function toHolder({ known, mandate, problem }: Acting, now: string): Holder {
  if (mandate !== undefined && mandate.revokedAt !== null) return { ok: false, reason: "revoked" };
  if (mandate !== undefined && mandate.expiresAt <= now) return { ok: false, reason: "expired" };
  if (known === undefined || problem !== undefined) return { ok: false, reason: "disabled" };
  const holder = { ok: true, principal: toPrincipal(known), roles: known.row.roles } as const;
  const both = known.owner === undefined ? holder : { ...holder, personRoles: known.owner.row.roles };
  if (mandate === undefined) return both;
  const { id, type, name, permissions, resourceIds, expiresAt, present } = mandate;
  return { ...both, mandate: { id, type, name, permissions, resourceIds, expiresAt, present } };
}
