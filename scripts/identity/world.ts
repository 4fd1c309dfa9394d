import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  freePort,
  type PostgresServer,
  type SshServer,
  sshdMissing,
  startPostgres,
  startSshd,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { type OidcProvider, startOidcProvider } from "../../packages/control-plane/test/oidc/start-oidc-provider.ts";
import type { Login } from "./browser.ts";
import { Cli } from "./cli.ts";
import { document, firstDocument, policies, secondDocument } from "./documents.ts";
import { KnownSecrets } from "./known-secrets.ts";
import { ScimClient } from "./scim-client.ts";

const SAMPLE = new URL("../../deploy/examples/sample-customers.sql", import.meta.url);
const SECRET_VARIABLE = "IDENTITY_WALK_CLIENT_SECRET";

/** Everything that the walk needs, running: each the real program, but for SCIM at the provider. */
export interface World extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly sshd: SshServer | undefined;
  readonly gateway: Tidewaiter;
  readonly idp: OidcProvider;
  readonly scim: ScimClient;
  /** Ids of what the provider has pushed. */
  readonly pushed: { readonly ana: string; readonly analysts: string };
  readonly logins: Readonly<Record<"ana" | "bo", Login>>;
  readonly cli: Cli;
  readonly secrets: KnownSecrets;
}

export async function startWorld(say: (text: string) => void): Promise<World> {
  const running: { stop(): Promise<unknown> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of running.reverse()) await part.stop();
  };
  const secrets = new KnownSecrets();
  try {
    say("starting PostgreSQL with 500 sample customers");
    const postgres = await startPostgres({ version: "18", auth: "scram" });
    running.push(postgres);
    await postgres.sql("create database shop");
    await postgres.sql(readFileSync(SAMPLE, "utf8"), "shop");
    secrets.add("the target's password", postgres.superuserPassword);
    const sshd = sshdMissing() === undefined ? await startSshd() : undefined;
    if (sshd !== undefined) {
      running.push(sshd);
      writeFileSync(join(sshd.home, "access.log"), "POST /login 200 customer1@mail.example\n");
      secrets.addPem("the host's SSH key", sshd.privateKey);
    }
    const ports = { http: await freePort(), postgres: await freePort() };
    say("starting the identity provider (oidc-provider)");
    const web = `http://127.0.0.1:${ports.http}`;
    const idp = await startOidcProvider({ web, name: "corp", people: PEOPLE });
    running.push({ stop: async () => idp[Symbol.asyncDispose]() });
    const gateway = await startGateway(postgres, sshd, idp, { ports, say });
    running.push(gateway);
    secrets.add("the administrator's password", gateway.adminPassword);
    secrets.add("the users' password", gateway.userPassword);
    secrets.add("a connection secret", gateway.password);
    const home = tempDir("identity-home");
    running.push({ stop: () => home.remove() });
    const cli = new Cli(home);
    say("the provider pushes its people by SCIM");
    const { scim, pushed } = await push(gateway, idp, cli, secrets);
    await apply(gateway, secondDocument(sshd !== undefined));
    const logins = { ana: login("u-ana", secrets), bo: login("u-bo", secrets) };
    return { postgres, sshd, gateway, idp, scim, pushed, logins, cli, secrets, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const PEOPLE = {
  "u-ana": { claims: { preferred_username: "ana", email: "ana@example.com", email_verified: true } },
  "u-bo": { claims: { preferred_username: "bo", email: "bo@example.com", email_verified: true } },
};

/** The pages of oidc-provider for trying take any password; this one is looked for afterwards. */
function login(subject: string, secrets: KnownSecrets): Login {
  const password = randomBytes(12).toString("hex");
  secrets.add("a password typed at the provider", password);
  return { subject, password };
}

interface GatewayOptions {
  readonly ports: { readonly http: number; readonly postgres: number };
  readonly say: (text: string) => void;
}

async function startGateway(
  postgres: PostgresServer,
  sshd: SshServer | undefined,
  idp: OidcProvider,
  { ports, say }: GatewayOptions,
): Promise<Tidewaiter> {
  const { port, superuser: user, superuserPassword: password } = postgres;
  // the server is a child of this process; later children have no business with it
  process.env[SECRET_VARIABLE] = idp.clientSecret;
  try {
    return await startTidewaiter({
      target: { host: "127.0.0.1", port, user, password, database: "shop" },
      resource: "shop",
      documents: [firstDocument(port, sshd)],
      policies: policies(),
      principals: [{ name: "mia", type: "user", level: "read" }],
      ...(sshd && { ssh: { port: sshd.port, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] } }),
      ports,
      serverArgs: ["--secret-env", SECRET_VARIABLE],
      logLevel: "debug",
      onProgress: say,
    });
  } finally {
    delete process.env[SECRET_VARIABLE];
  }
}

async function apply(gateway: Tidewaiter, one: { readonly name: string; readonly source: string }): Promise<void> {
  await gateway.api("POST", "/v1/apply", { documents: [one], dryRun: false });
}

/** The administrator signs in, names the provider, and gives it a token; then it pushes whom it knows. */
async function push(gateway: Tidewaiter, idp: OidcProvider, cli: Cli, secrets: KnownSecrets) {
  const { issuer, clientId } = idp;
  const provider = { kind: "identity_provider", name: "corp", type: "oidc", title: "Corp", issuer, clientId };
  const scopes = ["openid", "profile", "email", "offline_access"];
  const more = { clientSecret: `env:${SECRET_VARIABLE}`, scopes, parameters: { prompt: "consent" } };
  await apply(gateway, document("corp.yaml", { ...provider, ...more }));
  await cli.ok(
    ["login", "--server", gateway.baseUrl, "--as", "admin", "--password-stdin"],
    `${gateway.adminPassword}\n`,
  );
  const token = (await cli.ok(["identity", "scim-token", "corp", "--as", "admin"])).trim();
  secrets.add("the SCIM token", token);
  const scim = new ScimClient(gateway.baseUrl, token);
  const ana = await scim.addUser("ana@example.com", "u-ana");
  const bo = await scim.addUser("bo@example.com", "u-bo");
  const analysts = await scim.addGroup("Analysts", [ana, bo]);
  await scim.addGroup("Staff", [ana, bo]);
  return { scim, pushed: { ana, analysts } };
}
