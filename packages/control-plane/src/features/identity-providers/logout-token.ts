import { createHash } from "node:crypto";
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";

export interface LogoutToken {
  readonly claims: JWTPayload;
  readonly session: string | undefined;
  /** Its `jti`, which counts once. */
  readonly tokenHash: string;
  /** Until when it must be remembered. */
  readonly expiresAt: string;
}

/** Only asymmetric ones: with HMAC whoever knows the client secret could log people out. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const MAX_AGE_S = 300;
const SKEW_S = 30;
const MAX_LENGTH = 16_384;

/** OIDC Back-Channel Logout 1.0, section 2.6. Undefined for whatever is not one: the sender learns no more. */
export async function verifyLogoutToken(
  token: string,
  expected: { readonly keys: JWTVerifyGetKey; readonly issuer: string; readonly clientId: string },
  now: number,
): Promise<LogoutToken | undefined> {
  if (token.length > MAX_LENGTH) return undefined;
  try {
    const { payload, protectedHeader } = await jwtVerify(token, expected.keys, {
      algorithms: ALGORITHMS,
      issuer: expected.issuer,
      audience: expected.clientId,
      requiredClaims: ["iat", "jti", "events"],
      maxTokenAge: MAX_AGE_S,
      clockTolerance: SKEW_S,
      currentDate: new Date(now),
    });
    const { typ } = protectedHeader;
    // An ID token of the same provider must not pass for one, nor one for an ID token: that is what nonce tells.
    if (typ !== undefined && typ !== "logout+jwt" && typ !== "JWT") return undefined;
    if (payload.nonce !== undefined || !hasEvent(payload.events)) return undefined;
    const session = typeof payload.sid === "string" ? payload.sid : undefined;
    if (session === undefined && typeof payload.sub !== "string") return undefined;
    const tokenHash = createHash("sha256")
      .update(JSON.stringify([expected.issuer, payload.jti]))
      .digest("hex");
    const expiresAt = new Date(now + (MAX_AGE_S + 2 * SKEW_S) * 1000).toISOString();
    return { claims: payload, session, tokenHash, expiresAt };
  } catch {
    return undefined;
  }
}

function hasEvent(events: unknown): boolean {
  if (typeof events !== "object" || events === null || !Object.hasOwn(events, EVENT)) return false;
  const event: unknown = (events as Record<string, unknown>)[EVENT];
  return typeof event === "object" && event !== null;
}
