import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import {
  freePort,
  type KubernetesServer,
  kubernetesMissing,
  type PostgresServer,
  type SshServer,
  sshdMissing,
  startPostgres,
  startSshd,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { fixturesSql } from "../corpus/cases.ts";
import { clusterDocument, startCluster } from "./cluster.ts";
import type { StoryOptions } from "./options.ts";
import { claimStateDirectory, type StateDirectory } from "./state-directory.ts";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new URL("deploy/examples/", ROOT);

/** Everything the story needs, running. */
export interface World extends AsyncDisposable {
  readonly postgres: PostgresServer;
  /** A host of its own, where sshd is installed. */
  readonly sshd: SshServer | undefined;
  /** A cluster of its own, where the API server of the tests is built. */
  readonly cluster: KubernetesServer | undefined;
  readonly gateway: Tidewaiter;
  /** A connection secret of each of the cast. */
  readonly secrets: Readonly<Record<"ana" | "ana-bot", string>>;
  /** Configuration directory of the CLI, where ana, mia and admin are signed in. */
  readonly cliConfig: string;
  /** Where kubectl of the story finds its context, once `tw kube login` has written it. */
  readonly kubeconfig: string;
  readonly state: StateDirectory;
}

export async function startWorld(options: StoryOptions, say: (text: string) => void): Promise<World> {
  const state = claimStateDirectory();
  const running: { stop(): Promise<unknown> }[] = [];
  const stop = async (): Promise<void> => {
    rmSync(state.path, { recursive: true, force: true });
    for (const part of running.reverse()) await part.stop();
  };
  try {
    say("starting PostgreSQL with 500 sample customers");
    const postgres = await startPostgres({ version: "18", auth: "scram" });
    running.push(postgres);
    await loadSamples(postgres);
    const sshd = sshdMissing() === undefined ? await startHost(say) : undefined;
    if (sshd !== undefined) running.push(sshd);
    const cluster = kubernetesMissing() === undefined ? await startCluster(say) : undefined;
    if (cluster !== undefined) running.push(cluster);
    const gateway = await startTidewaiter({
      target: {
        host: "127.0.0.1",
        port: postgres.port,
        user: postgres.superuser,
        password: postgres.superuserPassword,
        database: "shop",
      },
      resource: "shop",
      documents: documents(postgres.port, sshd, cluster),
      ...(sshd && {
        ssh: { port: sshd.port, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] },
      }),
      ...(cluster && {
        kubernetes: { url: cluster.url, caPem: cluster.caPem, token: cluster.tokens.gateway ?? "" },
      }),
      policies: policies(),
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "mia", type: "user", level: "read" },
        { name: "ana-bot", type: "ai_agent", level: "write" },
      ],
      ports: {
        http: await choosePort(state, "--http-port", options.httpPort, 8080),
        postgres: await choosePort(state, "--postgres-port", options.postgresPort, 6432),
      },
      ...(options.dataDir !== undefined && { dataDir: resolve(options.dataDir) }),
      onProgress: say,
    });
    running.push(gateway);
    const secrets = { ana: gateway.password, "ana-bot": (await gateway.secret("ana-bot")).secret };
    const cliConfig = await signIn(gateway, state);
    writeFileSync(
      join(state.path, "demo.json"),
      JSON.stringify({ port: gateway.port, database: "shop/corpus", user: "ana-bot", password: secrets["ana-bot"] }),
      { mode: 0o600 },
    );
    const kubeconfig = join(state.path, "kube", "config");
    return { postgres, sshd, cluster, gateway, secrets, cliConfig, kubeconfig, state, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function loadSamples(postgres: PostgresServer): Promise<void> {
  await postgres.sql("create database shop");
  // the server's query trees come in band and stay out of its log (tw resources check)
  await postgres.sql(`alter role ${postgres.superuser} set log_min_messages = fatal`);
  await postgres.sql(readFileSync(new URL("sample-customers.sql", EXAMPLES), "utf8"), "shop");
  // the corpus of attacks has tables of its own
  await postgres.sql("create database corpus");
  await postgres.sql(fixturesSql(), "corpus");
}

/** The example files as they are in the repository, with the addresses of these servers. */
function documents(port: number, sshd: SshServer | undefined, cluster: KubernetesServer | undefined) {
  const read = (name: string) => readFileSync(new URL(name, EXAMPLES), "utf8");
  const host = sshd && {
    name: "web.yaml",
    source: read("web.yaml")
      .replace("port: 22", `port: ${sshd.port}`)
      .replace("hostKeys: []", `hostKeys: [${JSON.stringify(sshd.hostKey)}]`),
  };
  return [
    { name: "people.yaml", source: read("people.yaml") },
    { name: "shop.yaml", source: read("shop.yaml").replace("port: 5432", `port: ${port}`) },
    ...(host === undefined ? [] : [host]),
    ...(cluster === undefined
      ? []
      : [{ name: "cluster.yaml", source: clusterDocument(read("cluster.yaml"), cluster) }]),
  ];
}

/** OpenSSH's own server in a temporary directory, with a file that holds personal data. */
async function startHost(say: (text: string) => void): Promise<SshServer> {
  say("starting a host (sshd) with an access log");
  const sshd = await startSshd();
  writeFileSync(join(sshd.home, "access.log"), ACCESS_LOG);
  return sshd;
}

const ACCESS_LOG = `10:02:11 GET /orders/118 200 customer1@example.com
10:02:12 GET /orders/119 200 customer2@example.com
10:02:15 POST /login 401 -
`;

function policies() {
  const folder = new URL("policies/", EXAMPLES);
  return readdirSync(folder).map((name) => ({
    name: `policies/${name}`,
    source: readFileSync(new URL(name, folder), "utf8"),
  }));
}

/** Signs the cast in with the CLI itself, in a configuration directory that goes away with the demo. */
async function signIn(gateway: Tidewaiter, state: StateDirectory): Promise<string> {
  const { runTw } = await import("./tw.ts");
  const cliConfig = join(state.path, "cli");
  mkdirSync(cliConfig, { mode: 0o700 });
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

/** A demo that is not the first leaves the known ports alone: the first may be about to open them. */
async function choosePort(
  state: StateDirectory,
  option: string,
  wanted: number | undefined,
  known: number,
): Promise<number> {
  if (wanted === undefined) return state.shared && !(await isTaken(known)) ? known : freePort();
  if (await isTaken(wanted)) throw new Error(`port ${wanted} is taken; without ${option} a free one is used`);
  return wanted;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(true));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done(false)));
  });
}
