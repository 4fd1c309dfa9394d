import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { PasskeyRow } from "./store.ts";

/** Loaded by the first passkey. */
const webAuthn = () => import("@simplewebauthn/server");

/** Who asks: WebAuthn binds each answer to the site's name and origin, which is what makes it phishing-proof. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
}

/** Undefined where browsers offer no passkeys: an address in numbers, or a host without TLS that is not this one. */
export function relyingParty(web: string): RelyingParty | undefined {
  const { hostname, origin, protocol } = new URL(web);
  const named = !hostname.startsWith("[") && !/^[\d.]+$/.test(hostname);
  const secure = protocol === "https:" || hostname === "localhost" || hostname.endsWith(".localhost");
  return named && secure ? { id: hostname, origin } : undefined;
}

/** COSE: Ed25519, ES256, RS256. Without a list the library looks for algorithms that Node calls experimental. */
const ALGORITHMS = [-8, -7, -257];
const TIMEOUT_MS = 120_000;
/** Of the JSON that a browser sends. */
export const ANSWER_LIMIT = 16 * 1024;

interface Owner {
  readonly id: string;
  readonly name: string;
}

/** PublicKeyCredentialCreationOptionsJSON. `challenge` is base64url. */
export async function creationOptions(site: RelyingParty, owner: Owner, known: readonly string[], challenge: string) {
  const { generateRegistrationOptions } = await webAuthn();
  return generateRegistrationOptions({
    rpName: `Tidewaiter ${site.id}`,
    rpID: site.id,
    userName: owner.name,
    userDisplayName: owner.name,
    userID: bytes(Buffer.from(owner.id)),
    challenge: bytes(Buffer.from(challenge, "base64url")),
    timeout: TIMEOUT_MS,
    attestationType: "none",
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
  });
}

/** PublicKeyCredentialRequestOptionsJSON. */
export async function requestOptions(site: RelyingParty, known: readonly string[], challenge: string) {
  const { generateAuthenticationOptions } = await webAuthn();
  return generateAuthenticationOptions({
    rpID: site.id,
    challenge: bytes(Buffer.from(challenge, "base64url")),
    timeout: TIMEOUT_MS,
    allowCredentials: known.map((id) => ({ id })),
    userVerification: "preferred",
  });
}

export type NewPasskey = Pick<PasskeyRow, "credentialId" | "publicKey" | "signCount" | "transports">;

/** Undefined for anything but a good answer to this very challenge, made for this very site. */
export async function verifyCreation(
  site: RelyingParty,
  challenge: string,
  answer: string,
): Promise<NewPasskey | undefined> {
  const response = parse<RegistrationResponseJSON>(answer);
  if (response === undefined) return undefined;
  const { verifyRegistrationResponse } = await webAuthn();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo === undefined) return undefined;
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
    const known = transports.filter((transport) => /^[a-z-]{1,20}$/.test(transport)).slice(0, 8);
    const key = Buffer.from(publicKey).toString("base64url");
    return { credentialId: id, publicKey: key, signCount: counter, transports: known };
  } catch {
    return undefined;
  }
}

export interface VerifiedPasskey {
  readonly signCount: number;
  /** RFC 8176: `hwk` for a key that cannot leave its device, else `swk`. */
  readonly method: "hwk" | "swk";
  readonly userVerified: boolean;
}

export async function verifyAssertion(
  site: RelyingParty,
  challenge: string,
  answer: string,
  passkey: PasskeyRow,
): Promise<VerifiedPasskey | undefined> {
  const response = parse<AuthenticationResponseJSON>(answer);
  if (response === undefined) return undefined;
  const { verifyAuthenticationResponse } = await webAuthn();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: false,
      credential: {
        id: passkey.credentialId,
        publicKey: bytes(Buffer.from(passkey.publicKey, "base64url")),
        counter: passkey.signCount,
      },
    });
    if (!verified) return undefined;
    const { newCounter, credentialDeviceType, userVerified } = authenticationInfo;
    return { signCount: newCounter, method: credentialDeviceType === "singleDevice" ? "hwk" : "swk", userVerified };
  } catch {
    return undefined;
  }
}

/** The id of the credential that an answer is about. */
export function credentialIdOf(answer: string): string | undefined {
  const id = parse<{ id?: unknown }>(answer)?.id;
  return typeof id === "string" && /^[\w-]{1,1400}$/.test(id) ? id : undefined;
}

function parse<Shape>(text: string): Shape | undefined {
  if (text.length > ANSWER_LIMIT) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Shape) : undefined;
  } catch {
    return undefined;
  }
}

function bytes(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}
