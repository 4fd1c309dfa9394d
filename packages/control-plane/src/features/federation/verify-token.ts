import { compileClaimRule } from "@tidewaiter/core/claims/claim-rule";
import { compileGlob } from "@tidewaiter/core/policy/glob";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { FEDERATION_ALGORITHMS, type FederationRow, MAX_TOKEN_AGE_S, SKEW_S } from "./federation.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

/** A GitHub token has some 2 KiB; one with many claims some more. */
export const MAX_TOKEN = 16 * 1024;

export interface WorkloadIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly jti: string | undefined;
  /** Seconds since the epoch. */
  readonly expires: number;
}

export type Verified =
  | { readonly ok: true; readonly federation: FederationRow; readonly identity: WorkloadIdentity }
  /** For the audit log and our own log; whoever came with the token learns less. */
  | { readonly ok: false; readonly reason: string };

/** What the token says about its issuer, believed by nobody yet. */
export function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

interface Question {
  readonly token: string;
  /** Those of the token's issuer, and of one name where that was asked for. */
  readonly candidates: readonly FederationRow[];
  readonly keys: IssuerKeys;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** RFC 7519 and RFC 8725. Exactly one federation has to fit. */
export async function verifyToken(question: Question): Promise<Verified> {
  const reasons: string[] = [];
  const fitting: Extract<Verified, { ok: true }>[] = [];
  for (const federation of question.candidates) {
    const found = await verifyFor(federation, question);
    if (found.ok) fitting.push(found);
    else reasons.push(found.reason);
  }
  const [first, ...more] = fitting;
  if (first === undefined) return { ok: false, reason: reasons[0] ?? "no federation trusts its issuer" };
  if (more.length === 0) return first;
  const names = fitting.map(({ federation }) => federation.name).join(", ");
  return { ok: false, reason: `several federations fit (${names}): name one` };
}

async function verifyFor(federation: FederationRow, { token, keys, now }: Question): Promise<Verified> {
  const { issuer, audience, jwksUri } = federation;
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, await keys.keysOf(issuer, jwksUri), {
      algorithms: [...FEDERATION_ALGORITHMS],
      issuer,
      audience,
      clockTolerance: SKEW_S,
      requiredClaims: ["exp", "iat", "sub"],
      maxTokenAge: MAX_TOKEN_AGE_S,
      currentDate: new Date(now),
    }));
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
  const { sub, exp, jti } = payload;
  if (typeof sub !== "string" || sub === "" || sub.length > 1000 || exp === undefined) {
    return { ok: false, reason: "it names no subject" };
  }
  if (!compileGlob(federation.subject).matches(sub)) return { ok: false, reason: "its subject does not fit" };
  if (!conditionHolds(federation, payload)) return { ok: false, reason: "its claims do not fit" };
  const usable = typeof jti === "string" && jti !== "" && jti.length <= 500 ? jti : undefined;
  if (federation.singleUse && usable === undefined) return { ok: false, reason: "it has no jti" };
  return { ok: true, federation, identity: { issuer, subject: sub, jti: usable, expires: exp } };
}

/** It was checked when it was configured; one that cannot be read now lets nobody in. */
function conditionHolds({ condition }: FederationRow, claims: JWTPayload): boolean {
  if (condition === null) return true;
  const compiled = compileClaimRule(condition);
  return compiled.ok && compiled.rule.holds(claims);
}

/** Only words of ours: a library's may quote the token. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} does not fit`;
  if (error instanceof errors.JOSEAlgNotAllowed) return "its algorithm is not allowed";
  if (error instanceof errors.JWKSNoMatchingKey) return "its key is not one of the issuer's";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  if (error instanceof errors.JOSEError) return `it is not valid (${error.code})`;
  return "the issuer's keys cannot be read";
}
