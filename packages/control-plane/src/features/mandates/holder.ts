import type { Principal } from "@tidewaiter/core";
import { onlyRights, type Rights } from "../../permissions.ts";
import type { signIns } from "../../storage/schema.ts";
import type { Work } from "../../storage/statement.ts";
import { toPrincipal } from "../principals/store.ts";
import { loadRights } from "../roles/rights.ts";
import type { Acting } from "./acting.ts";
import type { MandateRow } from "./mandate.ts";

export type HeldMandate = Pick<
  MandateRow,
  "id" | "type" | "name" | "permissions" | "resourceIds" | "expiresAt" | "present"
>;

export type HeldSignIn = Pick<SignInRow, "id" | "provider" | "authenticatedAt" | "methods">;

type SignInRow = typeof signIns.$inferSelect;

/** Who a proof stands for, with rights read anew at each use. */
export type Holder =
  | {
      readonly ok: true;
      readonly principal: Principal;
      readonly roles: readonly string[];
      /** Of an AI agent what its person may too; and only what the mandate leaves of it. */
      readonly rights: Rights;
      readonly mandate?: HeldMandate;
      /** None for what was given out without anybody signing in. */
      readonly signIn?: HeldSignIn;
    }
  | { readonly ok: false; readonly reason: "revoked" | "expired" | "unknown" | "disabled" };

export function* toHolder({ known, mandate, problem }: Acting, now: string): Work<Holder> {
  if (mandate !== undefined && mandate.revokedAt !== null) return { ok: false, reason: "revoked" };
  if (mandate !== undefined && mandate.expiresAt <= now) return { ok: false, reason: "expired" };
  if (known === undefined || problem !== undefined) return { ok: false, reason: "disabled" };
  const all = yield* loadRights(known);
  const holder = { ok: true, principal: toPrincipal(known), roles: known.roles } as const;
  if (mandate === undefined) return { ...holder, rights: all };
  const { id, type, name, permissions, resourceIds, expiresAt, present } = mandate;
  const rights = permissions === null ? all : onlyRights(all, permissions);
  return { ...holder, rights, mandate: { id, type, name, permissions, resourceIds, expiresAt, present } };
}
