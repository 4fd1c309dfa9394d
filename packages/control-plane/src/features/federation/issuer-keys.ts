import { TidewaiterError } from "@tidewaiter/core/errors";
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";

const PATIENCE_MS = 5000;
/** Documents of others: discovery and keys. */
const MAX_BYTES = 256 * 1024;
/** A key that is not known is looked up anew, but not more often than this. */
const COOLDOWN_MS = 30_000;
/** A key that was withdrawn is trusted at most so long. */
const MAX_AGE_MS = 10 * 60_000;
const MAX_ISSUERS = 200;

interface Found {
  readonly keys: JWTVerifyGetKey;
  readonly at: number;
}

/**
 * Public keys of issuers, by OpenID Connect Discovery or from a named place (RFC 7517). Only issuers that are configured
 * come here: a token's own words (`jku`, `x5u`, `jwk`) are never followed.
 */
export class IssuerKeys {
  readonly #found = new Map<string, Found>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws TidewaiterError `target_unreachable` when the issuer cannot be asked, or answers for another one */
  async keysOf(issuer: string, jwksUri: string | null): Promise<JWTVerifyGetKey> {
    const name = `${issuer} ${jwksUri ?? ""}`;
    const known = this.#found.get(name);
    if (known !== undefined && this.#now() - known.at < MAX_AGE_MS) return known.keys;
    const url = jwksUri ?? (await discover(issuer));
    const keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: PATIENCE_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: MAX_AGE_MS,
      [customFetch]: fetchCarefully,
    });
    this.#found.delete(name);
    this.#found.set(name, { keys, at: this.#now() });
    if (this.#found.size > MAX_ISSUERS) this.#found.delete(this.#found.keys().next().value ?? "");
    return keys;
  }
}

/** OpenID Connect Discovery 1.0, section 4: the document has to be about this very issuer (section 4.3). */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  let document: unknown;
  try {
    const response = await fetchCarefully(url, { headers: {} });
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    document = await response.json();
  } catch (cause) {
    throw unreachable(issuer, cause);
  }
  const { issuer: named, jwks_uri } = (document ?? {}) as Record<string, unknown>;
  if (named !== issuer || typeof jwks_uri !== "string" || !isFetchable(jwks_uri)) {
    throw unreachable(issuer, "its discovery document is not its own");
  }
  return jwks_uri;
}

/** No redirects, no large answers, no clear text but to this machine. */
async function fetchCarefully(
  url: string | URL,
  init: Pick<RequestInit, "headers" | "signal"> = {},
): Promise<Response> {
  if (!isFetchable(String(url))) throw new Error("only https");
  const late = AbortSignal.timeout(PATIENCE_MS);
  const signal = init.signal == null ? late : AbortSignal.any([late, init.signal]);
  const response = await fetch(url, { headers: init.headers ?? {}, redirect: "error", signal });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Keys that came in clear text would be anybody's. */
export function isFetchable(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
}

function unreachable(issuer: string, cause: unknown): TidewaiterError {
  return new TidewaiterError("target_unreachable", `the keys of ${issuer} cannot be read`, { cause });
}
