import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export interface Sent {
  /** ID token; given what a right one holds. */
  idToken: (claims: JWTPayload, keys: Keys) => Promise<string> | string;
  /** Parameters of the answer at the callback, beside `code` and `state`. */
  callback: Record<string, string>;
  /** What replaces parts of the discovery document. */
  discovery: Record<string, unknown>;
  userinfo: Record<string, unknown>;
  /** Bytes put in front of the token endpoint's answer. */
  padding: number;
}

export interface Keys {
  readonly sign: (claims: JWTPayload, header?: Record<string, unknown>) => Promise<string>;
  readonly stranger: (claims: JWTPayload) => Promise<string>;
  /** With an HMAC of that secret. */
  readonly hmac: (claims: JWTPayload, secret: string) => Promise<string>;
  readonly publicPem: string;
}

/**
 * A double: no real provider sends such answers. It redirects at once, and answers as `sent` says; everything that is
 * not set is as a right one would do it.
 */
export async function startHostileIssuer() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = await generateKeyPair("RS256", { extractable: true });
  const other = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(own.publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  const keys: Keys = {
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1", ...header }).sign(own.privateKey),
    stranger: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(other.privateKey),
    hmac: (claims, secret) =>
      new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret)),
    publicPem: JSON.stringify(jwk),
  };
  const right = (): Sent => ({
    idToken: (claims, { sign }) => sign(claims),
    callback: {},
    discovery: {},
    userinfo: {},
    padding: 0,
  });
  const double = { issuer, sent: right(), lastIdToken: "", reset: () => Object.assign(double.sent, right()) };
  let nonce = "";
  server.on("request", async (request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    const json = (value: unknown) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (url.pathname === "/.well-known/openid-configuration") {
      json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        ...double.sent.discovery,
      });
    } else if (url.pathname === "/jwks") json({ keys: [jwk] });
    else if (url.pathname === "/authorize") {
      nonce = url.searchParams.get("nonce") ?? "";
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      const answer = { code: "c0de", state: url.searchParams.get("state") ?? "", ...double.sent.callback };
      for (const [name, value] of Object.entries(answer)) back.searchParams.set(name, value);
      response.writeHead(303, { location: back.href }).end();
    } else if (url.pathname === "/token") {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        aud: "tidewaiter",
        sub: "u1",
        preferred_username: "eve",
        nonce,
        iat: now,
        exp: now + 60,
      };
      double.lastIdToken = await double.sent.idToken(claims, keys);
      json({
        ...(double.sent.padding === 0 ? {} : { padding: "x".repeat(double.sent.padding) }),
        ...{ access_token: "at", token_type: "Bearer", id_token: double.lastIdToken },
      });
    } else if (url.pathname === "/userinfo") json({ sub: "u1", ...double.sent.userinfo });
    else response.writeHead(404).end();
  });
  return {
    double,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
