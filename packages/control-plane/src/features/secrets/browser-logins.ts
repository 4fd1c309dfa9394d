import { createHash, randomBytes, randomInt } from "node:crypto";
import type { BrowserLoginAnswer, BrowserLoginRequest } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { ControlPlaneStore } from "../../storage/open-store.ts";

/** Without letters and digits that look alike. */
const CODE_ALPHABET = "23456789BCDFGHJKMNPQRTVWXZ";
const CODE_LENGTH = 8;
const TOKEN_BYTES = 32;

/** Below it stands the page; its last part is the token. */
export const BROWSER_LOGIN_PATH = "/login/connection";

/** Makes link and code, which are known now and never again: the store has their hashes. */
export async function requestBrowserLogin(
  store: ControlPlaneStore,
  request: BrowserLoginRequest,
): Promise<BrowserLoginAnswer> {
  const id = newId("blg");
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const code = newCode();
  const started = await store.units.browserLogins.request({
    request,
    id,
    tokenHash: hashToken(token),
    codeHash: hashCode(token, code),
  });
  if (started.state === "refused") return started;
  if (started.state === "approved") return { ...started, id };
  return { ...started, id, path: `${BROWSER_LOGIN_PATH}/${token}`, code };
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** However it was typed: small letters, spaces and dashes make no difference. */
export function hashCode(token: string, code: string): string {
  const typed = code.toUpperCase().replace(/[^A-Z0-9]/g, "");
  return createHash("sha256").update(`${token} ${typed}`).digest("hex");
}

/** `K7QM-2XTP` */
function newCode(): string {
  const characters = Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET[randomInt(CODE_ALPHABET.length)]);
  return `${characters.slice(0, 4).join("")}-${characters.slice(4).join("")}`;
}
