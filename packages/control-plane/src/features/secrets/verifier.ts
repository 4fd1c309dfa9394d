import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);
/** RFC 4648 without padding, lower case: survives every passfile, URL and shell unquoted. */
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const SECRET_CHARACTERS = 40;

/** `tws_` and 40 characters of base32: 200 random bits. */
export function newConnectionSecret(): string {
  let secret = "";
  for (const byte of randomBytes(SECRET_CHARACTERS)) secret += BASE32[byte & 31];
  return `tws_${secret}`;
}

export interface Verifier {
  /** Base64, 32 bytes each. */
  readonly storedKey: string;
  readonly serverKey: string;
}

/** RFC 5802, section 3, with SHA-256 (RFC 7677). The secret is ASCII, so SASLprep leaves it as it is. */
export async function makeVerifier(secret: string, salt: string, iterations: number): Promise<Verifier> {
  const salted = await derive(secret, Buffer.from(salt, "base64"), iterations, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  salted.fill(0);
  clientKey.fill(0);
  return { storedKey, serverKey };
}
