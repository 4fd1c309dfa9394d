import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { freePort, type PostgresServer, startPostgres } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { fixturesSql } from "../corpus/cases.ts";
import type { StoryOptions } from "./options.ts";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new URL("deploy/examples/", ROOT);
/** What `./tw` of this checkout finds while the demo runs. */
const STATE = new URL(".demo/", ROOT);

/** Everything the story needs, running. */
export interface World extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly gateway: Tidewaiter;
  /** A connection secret of each of the cast. */
  readonly secrets: Readonly<Record<"ana" | "ana-bot", string>>;
  /** Configuration directory of the CLI, where ana, mia and admin are signed in. */
  readonly cliConfig: string;
}

export async function startWorld(options: StoryOptions, say: (text: string) => void): Promise<World> {
  say("starting PostgreSQL with 500 sample customers");
  const postgres = await startPostgres({ version: "18", auth: "scram" });
  let gateway: Tidewaiter | undefined;
  const stop = async (): Promise<void> => {
    rmSync(STATE, { recursive: true, force: true });
    await gateway?.stop();
    await postgres.stop();
  };
  try {
    await loadSamples(postgres);
    gateway = await startTidewaiter({
      target: {
        host: "127.0.0.1",
        port: postgres.port,
        user: postgres.superuser,
        password: postgres.superuserPassword,
        database: "shop",
      },
      resource: "shop",
      documents: documents(postgres.port),
      policies: policies(),
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "mia", type: "user", level: "read" },
        { name: "ana-bot", type: "ai_agent", level: "write" },
      ],
      ports: {
        http: options.httpPort ?? (await preferred(8080)),
        postgres: options.postgresPort ?? (await preferred(6432)),
      },
      ...(options.dataDir !== undefined && { dataDir: resolve(options.dataDir) }),
      onProgress: say,
    });
    const secrets = { ana: gateway.password, "ana-bot": (await gateway.secret("ana-bot")).secret };
    const cliConfig = await signIn(gateway);
    writeFileSync(
      new URL("demo.json", STATE),
      JSON.stringify({ port: gateway.port, database: "shop/corpus", user: "ana-bot", password: secrets["ana-bot"] }),
      { mode: 0o600 },
    );
    return { postgres, gateway, secrets, cliConfig, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function loadSamples(postgres: PostgresServer): Promise<void> {
  await postgres.sql("create database shop");
  await postgres.sql(readFileSync(new URL("sample-customers.sql", EXAMPLES), "utf8"), "shop");
  // the corpus of attacks has tables of its own
  await postgres.sql("create database corpus");
  await postgres.sql(fixturesSql(), "corpus");
}

/** The example files as they are in the repository, with the port of this PostgreSQL. */
function documents(port: number) {
  return ["people.yaml", "shop.yaml"].map((name) => ({
    name,
    source: readFileSync(new URL(name, EXAMPLES), "utf8").replace("port: 5432", `port: ${port}`),
  }));
}

function policies() {
  const folder = new URL("policies/", EXAMPLES);
  return readdirSync(folder).map((name) => ({
    name: `policies/${name}`,
    source: readFileSync(new URL(name, folder), "utf8"),
  }));
}

/** Signs the cast in with the CLI itself, in a configuration directory that goes away with the demo. */
async function signIn(gateway: Tidewaiter): Promise<string> {
  const { runTw } = await import("./tw.ts");
  const directory = new URL("cli/", STATE);
  rmSync(STATE, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const cliConfig = directory.pathname;
  for (const [name, password] of [
    ["admin", gateway.adminPassword],
    ["mia", gateway.userPassword],
    ["ana", gateway.userPassword],
  ] as const) {
    const result = await runTw(
      cliConfig,
      ["login", "--server", gateway.baseUrl, "--as", name, "--password-stdin"],
      `${password}\n`,
    );
    if (result.code !== 0) throw new Error(`tw login as ${name} failed: ${result.stderr}`);
  }
  return cliConfig;
}

async function preferred(port: number): Promise<number> {
  const taken = await new Promise<boolean>((done) => {
    const probe = createServer();
    probe.once("error", () => done(true));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done(false)));
  });
  return taken ? freePort() : port;
}
