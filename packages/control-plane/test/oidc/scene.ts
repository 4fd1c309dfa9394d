import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createEnvStore } from "@tidewaiter/secret-stores";
import { CookieClient, freePort } from "@tidewaiter/testkit";
import { GATEWAY, type Harness, type StoreKind, startHarness } from "../running.ts";
import { type OidcProvider, startOidcProvider } from "./start-oidc-provider.ts";

export interface OidcScene extends AsyncDisposable {
  readonly harness: Harness;
  readonly web: string;
  readonly idp: OidcProvider;
  /** Milliseconds that the control plane's clock is ahead of the system's. */
  ahead: number;
  apply(fields?: Record<string, unknown>): Promise<{ status: number; text: string }>;
  /** Signs in at the provider, and says yes to what it asks. */
  signIn(
    login: string,
    client?: CookieClient,
  ): Promise<{ client: CookieClient; page: { url: string; status: number; body: string } }>;
  /** Everything that the store has written. */
  storeBytes(): Promise<string>;
  /** The API as the browser. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  me(client: CookieClient): Promise<{ status: number; json: any }>;
}

export const PEOPLE = {
  "u-ana": {
    claims: {
      preferred_username: "ana",
      email: "ana@example.com",
      email_verified: true,
      groups: ["analysts", "Everybody", "nobody-knows"],
      department: "finance",
      amr: ["pwd", "otp"],
    },
  },
  "u-bob": {
    claims: { preferred_username: "bob", email: "bob@elsewhere.example", email_verified: true, groups: [] },
  },
};

/** A control plane that listens, and a real provider that it knows as `corp`. */
export async function startOidcScene(kind: StoreKind = "sqlite"): Promise<OidcScene> {
  const port = await freePort();
  const web = `http://127.0.0.1:${port}`;
  const scene = { ahead: 0 };
  const idp = await startOidcProvider({ web, name: "corp", people: structuredClone(PEOPLE) });
  const harness = await startHarness(kind, {
    endpoints: () => ({
      postgres: { host: "127.0.0.1", port: 6432, tls: true },
      web,
      gatewayId: GATEWAY,
      tunnelUrls: [],
    }),
    now: () => Date.now() + scene.ahead,
    secretStores: [createEnvStore(["OIDC_SECRET"], () => idp.clientSecret)],
  });
  await harness.running.app.listen({ host: "127.0.0.1", port });
  const apply = async (fields: Record<string, unknown> = {}) => {
    const document = {
      kind: "identity_provider",
      name: "corp",
      type: "oidc",
      title: "Corp",
      issuer: idp.issuer,
      clientId: idp.clientId,
      clientSecret: "env:OIDC_SECRET",
      scopes: ["openid", "profile", "email", "offline_access"],
      parameters: { prompt: "consent" },
      claims: { groups: "claims.groups", attributes: { department: "claims.department" } },
      ...fields,
    };
    const body = { documents: [{ name: "idp.yaml", source: JSON.stringify(document) }], dryRun: false };
    return harness.call("POST", "/v1/apply", body);
  };
  const signIn = async (login: string, client = new CookieClient()) => {
    let page = await client.get(`${web}/sign-in/corp?next=%2F`);
    if (page.body.includes('name="login"')) page = await client.submit(page, { login, password: "x" });
    if (page.body.includes('value="consent"')) page = await client.submit(page, {});
    return { client, page };
  };
  const me = async (client: CookieClient) => {
    const cookie = `tw_session=${client.cookie(web, "tw_session")}`;
    const response = await fetch(`${web}/v1/me`, { headers: { cookie } });
    return { status: response.status, json: await response.json() };
  };
  const storeBytes = async () => {
    const files = (await readdir(harness.directory)).filter((name) => name.startsWith("store.db"));
    return (await Promise.all(files.map((name) => readFile(join(harness.directory, name), "latin1")))).join("");
  };
  return Object.assign(scene, {
    storeBytes,
    harness,
    web,
    idp,
    apply,
    signIn,
    me,
    async [Symbol.asyncDispose]() {
      await harness[Symbol.asyncDispose]();
      await idp[Symbol.asyncDispose]();
    },
  });
}
