import { createHash, randomBytes, randomInt } from "node:crypto";
import type { BrowserLoginAnswer, BrowserLoginRequest } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { type AttemptLimits, type Attempts, network } from "../login/attempts.ts";

/** Without letters and digits that look alike. */
const CODE_ALPHABET = "23456789BCDFGHJKMNPQRTVWXZ";
const CODE_LENGTH = 8;
const TOKEN_BYTES = 32;
/** The store counts by address; an IPv6 network has more of them than can be counted, and has one share here. */
const PER_NETWORK: AttemptLimits = { burst: 60, refillMs: 1_000 };

/** Below it stands the page; its last part is the token. */
export const BROWSER_LOGIN_PATH = "/login/connection";

/** Makes link and code, which are known now and never again: the store has their hashes. */
export async function requestBrowserLogin(
  store: ControlPlaneStore,
  attempts: Attempts,
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
  if (!attempts.take(network(request.clientAddress), PER_NETWORK)) {
    await store.units.browserLogins.withdraw({ id });
    return { state: "refused", reason: "too_many" };
  }
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
