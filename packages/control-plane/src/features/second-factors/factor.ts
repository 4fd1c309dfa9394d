import type { ProvenIdentity } from "../login/service.ts";

/** What a sign-in has proven before its second factor. */
export type FirstProof = Omit<ProvenIdentity, "via">;

/** What a principal has. */
export interface FactorStatus {
  readonly totp: { readonly since: string } | undefined;
  readonly passkeys: readonly PasskeyView[];
  readonly recoveryCodes: number;
}

export interface PasskeyView {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** What a person gives; the first that is there counts. */
export interface FactorProof {
  /** Six digits of an authenticator app. */
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
  /** An AuthenticationResponseJSON of WebAuthn, as text. */
  readonly assertion?: string | undefined;
}

export function hasFactor(status: FactorStatus): boolean {
  return status.totp !== undefined || status.passkeys.length > 0;
}
