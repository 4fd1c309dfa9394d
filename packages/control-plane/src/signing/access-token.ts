import { newId } from "@tidewaiter/core/ids";
import { jwtVerify, SignJWT } from "jose";
import type { SigningKeyRing } from "./key-ring.ts";

const ISSUER = "tidewaiter";
const AUDIENCE = "tidewaiter-api";
/** RFC 9068. */
const TYPE = "at+jwt";

export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  readonly expiresAt: string;
}

interface TokenTimes {
  readonly lifeMs?: number;
  /** Whatever the usual life is. */
  readonly atMostMs?: number;
}

export interface AccessTokenClaims {
  readonly jti: string;
  readonly principalId: string;
  readonly expiresAt: string;
}

/** Short-lived proof for the API: an Ed25519 JWT. The store decides whether its `jti` still stands. */
export class AccessTokens {
  readonly #keys: SigningKeyRing;
  readonly #now: () => number;
  readonly #lifeMs: number;

  constructor(keys: SigningKeyRing, options: { readonly now: () => number; readonly lifeMs: number }) {
    this.#keys = keys;
    this.#now = options.now;
    this.#lifeMs = options.lifeMs;
  }

  /** `lifeMs`: less than the usual life, or more. */
  async issue(principalId: string, times: TokenTimes = {}): Promise<IssuedToken> {
    const lifeMs = Math.min(times.lifeMs ?? this.#lifeMs, times.atMostMs ?? Number.POSITIVE_INFINITY);
    const { kid, privateKey } = await this.#keys.current();
    const issued = Math.floor(this.#now() / 1000);
    const expires = issued + Math.floor(lifeMs / 1000);
    const jti = newId("jti");
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "EdDSA", kid, typ: TYPE })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(principalId)
      .setJti(jti)
      .setIssuedAt(issued)
      .setExpirationTime(expires)
      .sign(privateKey);
    return { token, jti, expiresAt: new Date(expires * 1000).toISOString() };
  }

  /** Undefined for anything but a token of ours that is in force: one answer for every way to be wrong. */
  async verify(token: string): Promise<AccessTokenClaims | undefined> {
    if (token.length > 4096) return undefined;
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = kid === undefined ? undefined : await this.#keys.verifier(kid);
          if (key === undefined) throw new Error("unknown key");
          return key;
        },
        {
          algorithms: ["EdDSA"],
          issuer: ISSUER,
          audience: AUDIENCE,
          typ: TYPE,
          requiredClaims: ["exp", "jti", "sub"],
          currentDate: new Date(this.#now()),
        },
      );
      const { jti, sub, exp } = payload;
      if (jti === undefined || sub === undefined || exp === undefined) return undefined;
      return { jti, principalId: sub, expiresAt: new Date(exp * 1000).toISOString() };
    } catch {
      return undefined;
    }
  }
}
