import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SecretResolver } from "@tidewaiter/secret-stores";
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import * as client from "openid-client";
import { fetchProvider } from "./fetch-provider.ts";
import type { Claims } from "./mapped-identity.ts";
import type { OidcSettings } from "./settings.ts";

/** What the provider gave for a code or a refresh token. */
export interface ProviderAnswer {
  /** Of ID token and userinfo together; those of the ID token stand. */
  readonly claims: Claims;
  /** The provider's own session, by which it may end it (OIDC Back-Channel Logout 1.0). */
  readonly session: string | undefined;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

/** The provider said no: whatever we hold is of no use there any more. */
export class RefusedByProvider extends Error {
  override readonly name = "RefusedByProvider";
}

/** What a browser was sent away with; all of it follows from its cookie. */
export interface Challenge {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

interface Known {
  readonly config: client.Configuration;
  readonly keys: JWTVerifyGetKey;
  readonly at: number;
}

/** A discovery document is read anew after so long. */
const FRESH_MS = 30 * 60_000;
/** Clocks differ. */
const SKEW_S = 30;

/** OpenID Connect Core 1.0 by openid-client: one configuration per provider, read by discovery when it is needed. */
export class OidcClients {
  readonly #resolver: SecretResolver;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  constructor(resolver: SecretResolver, now: () => number) {
    this.#resolver = resolver;
    this.#now = now;
  }

  async authorizationUrl(settings: OidcSettings, redirectUri: string, challenge: Challenge): Promise<URL> {
    const { config } = await this.#client(settings);
    return client.buildAuthorizationUrl(config, {
      ...settings.parameters,
      redirect_uri: redirectUri,
      scope: settings.scopes.join(" "),
      state: challenge.state,
      nonce: challenge.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(challenge.codeVerifier),
      code_challenge_method: "S256",
    });
  }

  /**
   * Code for tokens. State, nonce, issuer (RFC 9207), audience, algorithm, times and the signature of the ID token are
   * checked. @throws RefusedByProvider, TidewaiterError `target_unreachable`
   */
  async redeem(settings: OidcSettings, callback: URL, challenge: Challenge): Promise<ProviderAnswer> {
    const { config } = await this.#client(settings);
    return asking(settings, async () => {
      const tokens = await client.authorizationCodeGrant(config, callback, {
        expectedState: challenge.state,
        expectedNonce: challenge.nonce,
        pkceCodeVerifier: challenge.codeVerifier,
        idTokenExpected: true,
      });
      const idClaims = tokens.claims();
      if (idClaims === undefined) throw new RefusedByProvider("it gave no ID token");
      const more = await userinfo(config, tokens.access_token, idClaims.sub);
      const session = typeof idClaims.sid === "string" ? idClaims.sid : undefined;
      const { access_token: accessToken, refresh_token: refreshToken } = tokens;
      return { claims: { ...more, ...idClaims }, session, accessToken, refreshToken };
    });
  }

  /** Asks whether somebody may still sign in, and what is said of them now. The caller checks who that is. */
  async refresh(settings: OidcSettings, refreshToken: string): Promise<ProviderAnswer> {
    const { config } = await this.#client(settings);
    return asking(settings, async () => {
      const tokens = await client.refreshTokenGrant(config, refreshToken);
      const idClaims = tokens.claims();
      const more = await userinfo(config, tokens.access_token, idClaims?.sub ?? client.skipSubjectCheck);
      const { access_token, refresh_token } = tokens;
      const claims = { ...more, ...idClaims };
      return { claims, session: undefined, accessToken: access_token, refreshToken: refresh_token };
    });
  }

  /** Whether the access token still holds; providers without refresh tokens are asked by this. */
  async userinfo(settings: OidcSettings, accessToken: string): Promise<ProviderAnswer> {
    const { config } = await this.#client(settings);
    return asking(settings, async () => {
      const claims = await client.fetchUserInfo(config, accessToken, client.skipSubjectCheck);
      return { claims, session: undefined, accessToken, refreshToken: undefined };
    });
  }

  /** The provider's public keys and its own name, for tokens that it pushes. */
  async verifier(settings: OidcSettings): Promise<{ readonly keys: JWTVerifyGetKey; readonly issuer: string }> {
    const { config, keys } = await this.#client(settings);
    return { keys, issuer: config.serverMetadata().issuer };
  }

  /** Asks it now for its discovery document, and whether it says that it pushes logouts. */
  async abilities(settings: OidcSettings): Promise<{ readonly backChannelLogout: boolean }> {
    this.#known.delete(JSON.stringify(settings));
    const { config } = await this.#client(settings);
    return { backChannelLogout: config.serverMetadata().backchannel_logout_supported === true };
  }

  async #client(settings: OidcSettings): Promise<Known> {
    const key = JSON.stringify(settings);
    const known = this.#known.get(key);
    if (known !== undefined && this.#now() - known.at < FRESH_MS) return known;
    const config = await asking(settings, () => this.#discover(settings)).catch((error: unknown) => {
      if (!(error instanceof RefusedByProvider)) throw error;
      throw unreachable(settings, "its discovery document is not its own", error);
    });
    const { jwks_uri } = config.serverMetadata();
    if (jwks_uri === undefined) throw unreachable(settings, "its discovery document names no keys");
    const keys = createRemoteJWKSet(new URL(jwks_uri), { [customFetch]: fetchProvider });
    const fresh = { config, keys, at: this.#now() };
    if (this.#known.size > 100) this.#known.clear();
    this.#known.set(key, fresh);
    return fresh;
  }

  async #discover(settings: OidcSettings): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = settings;
    const secret = clientSecret === undefined ? undefined : (await this.#resolver.resolve(clientSecret)).value;
    const metadata = { [client.clockTolerance]: SKEW_S, [client.clockSkew]: this.#skewSeconds() };
    const config = await client.discovery(new URL(issuer), clientId, metadata, authentication(settings, secret), {
      [client.customFetch]: fetchProvider as client.CustomFetch,
      timeout: 10,
      // The settings take http for this machine only.
      ...(issuer.startsWith("http:") ? { execute: [client.allowInsecureRequests] } : {}),
    });
    // Signatures are checked though the tokens came over TLS: a proxy on the way may end that.
    client.enableNonRepudiationChecks(config);
    return config;
  }

  /** Of our clock to the system's, which the library reads: none but in tests. */
  #skewSeconds(): number {
    return Math.round((this.#now() - Date.now()) / 1000);
  }
}

function authentication({ clientAuth }: OidcSettings, secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None();
  return clientAuth === "client_secret_post" ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
}

async function userinfo(
  config: client.Configuration,
  accessToken: string,
  subject: string | typeof client.skipSubjectCheck,
): Promise<Claims> {
  if (config.serverMetadata().userinfo_endpoint === undefined) return {};
  return client.fetchUserInfo(config, accessToken, subject);
}

/** Sorts what goes wrong: the provider says no, or it cannot be asked. The library's text may quote what came. */
async function asking<Result>(settings: OidcSettings, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RefusedByProvider || error instanceof TidewaiterError) throw error;
    if (error instanceof client.AuthorizationResponseError) throw new RefusedByProvider(error.error, { cause: error });
    if (error instanceof client.ResponseBodyError) {
      if (error.status < 500 && error.status !== 429) throw new RefusedByProvider(error.error, { cause: error });
      throw unreachable(settings, `it answers with status ${error.status}`, error);
    }
    if (error instanceof client.WWWAuthenticateChallengeError) {
      throw new RefusedByProvider("it does not take its own access token any more", { cause: error });
    }
    const code = codeOf(error);
    if (code !== undefined && NOT_REACHED.has(code)) throw unreachable(settings, WORDS[code] ?? "no answer", error);
    if (isNetworkError(error)) throw unreachable(settings, "no answer", error);
    throw new RefusedByProvider("its answer does not hold", { cause: error });
  }
}

/** Of openid-client: the answer was no answer of a provider. */
const NOT_REACHED = new Set([
  "OAUTH_TIMEOUT",
  "OAUTH_RESPONSE_IS_NOT_CONFORM",
  "OAUTH_RESPONSE_IS_NOT_JSON",
  "OAUTH_ABORT",
]);

const WORDS: Readonly<Record<string, string>> = {
  OAUTH_TIMEOUT: "it does not answer in time",
  OAUTH_RESPONSE_IS_NOT_CONFORM: "its answer is not that of a provider",
  OAUTH_RESPONSE_IS_NOT_JSON: "its answer is not that of a provider",
};

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** `fetch` hides the reason one or two levels down. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError && error.message === "fetch failed") return true;
  const name = error.name;
  return name === "TimeoutError" || name === "AbortError" || isNetworkError(error.cause);
}

function unreachable({ issuer }: OidcSettings, problem: string, cause?: unknown): TidewaiterError {
  return new TidewaiterError(
    "target_unreachable",
    `the identity provider ${new URL(issuer).host} cannot be asked: ${problem}`,
    {
      cause,
      next: "Try again in a moment, or sign in another way.",
    },
  );
}
