import { spawn } from "node:child_process";
import {
  CookieClient,
  eventually,
  findPostgres,
  freePort,
  hasCommand,
  type PostgresServer,
  skipUnless,
  startPostgres,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PEOPLE } from "./scene.ts";
import { type OidcProvider, startOidcProvider } from "./start-oidc-provider.ts";

const found = await findPostgres("18");
const needed = found.available && hasCommand("psql");

/** Server, agent, PostgreSQL, psql and provider, each the real one. */
skipUnless(needed, "PostgreSQL 18 and psql").describe(
  "a live psql session of somebody who signed in at a provider",
  () => {
    let postgres: PostgresServer;
    let server: Tidewaiter;
    let idp: OidcProvider;

    beforeAll(async () => {
      const [http, port] = [await freePort(), await freePort()];
      idp = await startOidcProvider({ web: `http://127.0.0.1:${http}`, name: "corp", people: structuredClone(PEOPLE) });
      // The server is a child of this process and reads its secret by `env:`.
      process.env.OIDC_LIVE_SECRET = idp.clientSecret;
      postgres = await startPostgres({ version: "18" });
      server = await startTidewaiter({
        target: { host: postgres.host, port: postgres.port, user: postgres.superuser, database: "postgres" },
        principals: [{ name: "ana", type: "user", level: "read" }],
        ports: { http, postgres: port },
        serverArgs: ["--secret-env", "OIDC_LIVE_SECRET"],
      });
      const document = {
        ...{ kind: "identity_provider", name: "corp", type: "oidc", issuer: idp.issuer, linkBy: "name" },
        ...{ clientId: idp.clientId, clientSecret: "env:OIDC_LIVE_SECRET" },
      };
      await server.api("POST", "/v1/apply", { documents: [{ name: "idp.yaml", source: JSON.stringify(document) }] });
    }, 90_000);
    afterAll(async () => {
      await server?.stop();
      await postgres?.stop();
      await idp?.[Symbol.asyncDispose]();
    });

    it("ends within five seconds of the provider's logout, and says why", async () => {
      const client = new CookieClient();
      let page = await client.get(`${server.baseUrl}/sign-in/corp`);
      page = await client.submit(page, { login: "u-ana", password: "x" });
      page = await client.submit(page, {});
      expect(page.url, page.body).toBe(`${server.baseUrl}/`);
      const cookie = `tw_session=${client.cookie(server.baseUrl, "tw_session")}`;
      const made = await fetch(`${server.baseUrl}/v1/connection-secrets`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: server.baseUrl, cookie },
        body: "{}",
      });
      const { secret } = (await made.json()) as { secret: string };
      const target = `host=127.0.0.1 port=${server.port} user=ana dbname=${server.database} sslmode=disable`;
      const psql = spawn("psql", ["-X", "-w", target, "-c", "select pg_sleep(60)"], {
        env: { ...process.env, PGPASSWORD: secret },
      });
      let told = "";
      psql.stderr.on("data", (chunk) => {
        told += String(chunk);
      });
      const ended = new Promise<number | null>((resolve) => psql.once("close", resolve));
      await eventually(async () => {
        const { sessions } = (await server.api("GET", "/v1/sessions?state=live")) as {
          sessions: { principal: string }[];
        };
        return sessions.some(({ principal }) => principal === "ana") || undefined;
      });
      const registered = await idp.provider.Client.find(idp.clientId);
      const pushed = performance.now();
      await registered?.backchannelLogout("u-ana", idp.sessions.get("u-ana") ?? "");
      expect(await ended).toBe(2);
      expect(performance.now() - pushed).toBeLessThan(5000);
      expect(told).toContain("you signed out at corp");
    }, 60_000);
  },
);
