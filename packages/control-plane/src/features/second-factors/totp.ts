import { randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";

/** RFC 4226 section 4 recommends 160 bits. */
const SECRET_BYTES = 20;
/** RFC 6238; what authenticator apps understand without being asked. */
const SHAPE = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** Clocks of telephones: one step back and one ahead. */
const WINDOW = 1;

export function newTotpSecret(): string {
  return new Secret({ buffer: new Uint8Array(randomBytes(SECRET_BYTES)).buffer }).base32;
}

/** `otpauth://totp/...`, which a QR code holds. */
export function totpUri(secret: string, name: string, issuer: string): string {
  return new TOTP({ ...SHAPE, issuer, label: name, secret: Secret.fromBase32(secret) }).toString();
}

/** The time step that the code belongs to, or undefined. The caller refuses a step that was taken before. */
export function totpStep(secret: string, code: string, now: number): number | undefined {
  const token = code.replace(/\s/g, "");
  if (!/^\d{6}$/.test(token)) return undefined;
  const options = { ...SHAPE, secret: Secret.fromBase32(secret), token, timestamp: now, window: WINDOW };
  const delta = TOTP.validate(options);
  return delta === null ? undefined : Math.floor(now / 1000 / SHAPE.period) + delta;
}
