import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

export interface Person {
  /** False: the provider does not know them any more. */
  active?: boolean;
  claims: Record<string, unknown>;
}

export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly provider: Provider;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By `sub`, which is what is typed as login. Changes hold from the next token on. */
  readonly people: Map<string, Person>;
  /** Its private key, as a JWK, for tokens that are forged in its name. */
  readonly privateJwk: Record<string, unknown>;
  /** Sessions at the provider that are live: `sid` by `sub`. */
  readonly sessions: Map<string, string>;
  /** While set every request is answered with it: the provider is out of order. */
  outage: number | undefined;
  /** While set the token endpoint answers with it. */
  refuse: { readonly error: string } | undefined;
  /** Everything that it hands out of secrets, so that a test can look for it elsewhere. */
  readonly secrets: Set<string>;
}

const HOUR = 3600;

export interface ProviderOptions {
  /** Base URL of the control plane under test. */
  readonly web: string;
  /** Name of the provider there. */
  readonly name: string;
  readonly people: Record<string, Person>;
}

/** The real oidc-provider (certified OpenID Provider) on a free port of this machine. */
export async function startOidcProvider({ web, name, people }: ProviderOptions): Promise<OidcProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const privateJwk = { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: "test-key" };
  const clientSecret = randomBytes(24).toString("base64url");
  const known = new Map(Object.entries(people));
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "tidewaiter",
        client_secret: clientSecret,
        redirect_uris: [`${web}/sign-in/${name}/callback`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        backchannel_logout_uri: `${web}/sign-in/${name}/back-channel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [privateJwk] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    claims: {
      openid: ["sub", "amr"],
      profile: ["preferred_username", "groups", "department"],
      email: ["email", "email_verified"],
    },
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    // its own defaults; unset it writes a notice about each
    ttl: {
      ...{ AccessToken: HOUR, IdToken: HOUR, Interaction: HOUR },
      ...{ Grant: 14 * 24 * HOUR, RefreshToken: 14 * 24 * HOUR, Session: 14 * 24 * HOUR },
    },
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
    },
    // Its dispatcher reaches no address of this machine, which is where the test is.
    fetch: (url: string, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) => fetch(url, options),
    findAccount: async (_context: unknown, sub: string) => {
      const person = known.get(sub);
      if (person === undefined || person.active === false) return undefined;
      return { accountId: sub, claims: async () => ({ sub, ...person.claims }) };
    },
  });
  const sessions = new Map<string, string>();
  const secrets = new Set([clientSecret]);
  const started: OidcProvider = {
    issuer,
    provider,
    clientId: "tidewaiter",
    clientSecret,
    people: known,
    privateJwk,
    sessions,
    outage: undefined,
    refuse: undefined,
    secrets,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  listenForTokens(provider, started);
  const handle = provider.callback();
  server.on("request", (request, response) => {
    if (started.refuse !== undefined && request.url === "/token") {
      response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify(started.refuse));
      return;
    }
    if (started.outage === undefined) return void handle(request, response);
    response.writeHead(started.outage, { "content-type": "text/plain" }).end("out of order");
  });
  return started;
}

interface Saved {
  readonly accountId?: string;
  readonly sid?: string;
  readonly jti?: string;
}

function listenForTokens(provider: Provider, { sessions, secrets }: OidcProvider): void {
  const saved = (token: Saved) => {
    if (token.accountId !== undefined && token.sid !== undefined) sessions.set(token.accountId, token.sid);
    if (token.jti !== undefined) secrets.add(token.jti);
  };
  for (const kind of ["authorization_code", "refresh_token", "access_token"]) {
    provider.on(`${kind}.saved`, saved as (token: never) => void);
  }
}

export type { Server };
