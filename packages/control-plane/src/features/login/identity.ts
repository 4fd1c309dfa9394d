import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { rowProblem } from "../principals/membership.ts";
import { verifyNothing, verifyPassword } from "./password.ts";

/** Where proof of identity comes from. OIDC and SAML providers stand beside the local one behind this port. */
export interface IdentityProvider {
  /** As in the audit log: `local`. */
  readonly name: string;
  /** One answer, in the same time, for an unknown name, a wrong password and a disabled principal. */
  authenticate(name: string, password: string): Promise<AuthenticatedIdentity | undefined>;
}

export interface AuthenticatedIdentity {
  readonly principalId: string;
}

/** The embedded default: principals with argon2id passwords in the store. AI agents never sign in with one. */
export function localIdentity(store: ControlPlaneStore): IdentityProvider {
  return {
    name: "local",
    async authenticate(name, password) {
      const row = await store.units.principals.forLogin({ name });
      const hash = row?.kind === "ai_agent" ? null : (row?.passwordHash ?? null);
      const good = hash === null ? await verifyNothing(password) : await verifyPassword(password, hash);
      return good && row !== undefined && rowProblem(row) === undefined ? { principalId: row.id } : undefined;
    },
  };
}
