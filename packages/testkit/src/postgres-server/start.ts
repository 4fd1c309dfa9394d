import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { PemCertificate } from "../certificates.ts";
import { freePort } from "../free-port.ts";
import { tempDir } from "../temp-dir.ts";
import { runAs } from "../unprivileged.ts";
import { createCluster, superuser, writeClusterFile } from "./cluster.ts";
import { findPostgres, type PostgresInstallation, type PostgresVersion } from "./installation.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import {
  hostBasedAuth,
  type PostgresAuth,
  type PostgresTls,
  serverSettings,
  serverTls,
  settingArguments,
  superuserPassword,
  writeTlsFiles,
} from "./settings.ts";

export interface PostgresOptions {
  /** Default 18, which npm brings to every machine. */
  readonly version?: PostgresVersion;
  /** For TCP clients. Default `trust`. */
  readonly auth?: PostgresAuth;
  /** True makes a root and a certificate for localhost and 127.0.0.1. Always on with `auth: "cert"`. */
  readonly tls?: boolean | PemCertificate;
  /** Refuse TCP clients without TLS. Default false. */
  readonly tlsOnly?: boolean;
  /** postgresql.conf settings, e.g. `{ max_connections: "10" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default false: faster, and the data does not survive a crash of the machine. */
  readonly fsync?: boolean;
  /** Statements run one by one as the superuser in database `postgres` once it accepts connections. */
  readonly sql?: readonly string[];
}

export interface PostgresServer extends AsyncDisposable {
  readonly version: PostgresVersion;
  /** e.g. `15.18` */
  readonly release: string;
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Folder of the Unix socket `.s.PGSQL.<port>`, where every role is trusted. */
  readonly socketDir: string;
  readonly dataDir: string;
  readonly binDir: string;
  /** What the server logged, all restarts together. */
  readonly logFile: string;
  readonly superuser: "postgres";
  readonly superuserPassword: string;
  readonly tls: PostgresTls | undefined;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** TCP address of a database; default database and user `postgres`, with the superuser's password. */
  connectionString(database?: string, user?: string, password?: string): string;
  /** Runs statements as the superuser over the Unix socket; resolves to the rows of the last one. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Fast shutdown; deletes the data. Safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL of the postmaster, as in a crash; the data stays for `restart`. */
  kill(): Promise<void>;
  /** Fast shutdown if running, then a start on the same port with the same data. */
  restart(): Promise<void>;
  /** Silent instead of gone: connections stay open, new ones are accepted by the kernel, and nothing is ever answered. */
  pause(): void;
  resume(): void;
}

/** Starts a real PostgreSQL of its own on a free port of 127.0.0.1, in well under a second after the first time. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const found = await findPostgres(options.version ?? "18");
  if (!found.available) throw new Error(found.reason);
  const auth = options.auth ?? "trust";
  const tls = await serverTls(options.tls, auth);
  const files = await prepareFiles(found.installation, auth, options.tlsOnly ?? false, tls);
  const own = options.settings ?? {};
  const settings = serverSettings({ auth, tls: tls !== undefined, fsync: options.fsync ?? false, own });
  const command = { ...files, binDir: found.installation.binDir, arguments: settingArguments(settings) };
  const { port, server } = await startOnFreePort(command);
  const postgres = handle({ installation: found.installation, files, tls, port, server, command });
  try {
    await postgres.sql(`ALTER ROLE ${superuser} PASSWORD '${superuserPassword}'`);
    for (const statement of options.sql ?? []) await postgres.sql(statement);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

type Files = Awaited<ReturnType<typeof prepareFiles>>;
type Command = Files & { readonly binDir: string; readonly arguments: readonly string[] };

async function prepareFiles(
  installation: PostgresInstallation,
  auth: PostgresAuth,
  tlsOnly: boolean,
  tls: PostgresTls | undefined,
) {
  const home = tempDir("pg");
  const dataDir = join(home.path, "data");
  const socketDir = join(home.path, "socket");
  const logFile = join(home.path, "log");
  chmodSync(home.path, 0o711);
  mkdirSync(socketDir, { mode: 0o700 });
  chownSync(socketDir, runAs().uid, runAs().gid);
  writeFileSync(logFile, "");
  await createCluster(installation, dataDir);
  writeClusterFile(dataDir, "pg_hba.conf", hostBasedAuth(auth, tlsOnly));
  if (tls !== undefined) writeTlsFiles(dataDir, tls);
  return { home, dataDir, socketDir, logFile };
}

/** Between choosing a port and listening on it another process may take it: try some more. */
async function startOnFreePort(command: Command): Promise<{ port: number; server: ServerProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, server: await startServerProcess({ ...command, port }) };
    } catch (error) {
      if (attempt < 3) continue;
      await command.home.remove();
      throw error;
    }
  }
}

function handle(parts: {
  readonly installation: PostgresInstallation;
  readonly files: Files;
  readonly tls: PostgresTls | undefined;
  readonly port: number;
  readonly server: ServerProcess;
  readonly command: Command;
}): PostgresServer {
  const { installation, files, port, command } = parts;
  let server = parts.server;
  const stop = async () => {
    await server.end("SIGINT");
    await files.home.remove();
  };
  return {
    ...installation,
    dataDir: files.dataDir,
    socketDir: files.socketDir,
    logFile: files.logFile,
    host: "127.0.0.1",
    port,
    superuser,
    superuserPassword,
    tls: parts.tls,
    get pid() {
      return server.pid;
    },
    connectionString(database = "postgres", user = superuser, password = superuserPassword) {
      const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
      return `postgres://${login}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    },
    sql: (text, database = "postgres") => runSql({ host: files.socketDir, port, user: superuser, database }, text),
    stop,
    kill: () => server.end("SIGKILL"),
    pause: () => server.signalAll("SIGSTOP"),
    resume: () => server.signalAll("SIGCONT"),
    async restart() {
      await server.end("SIGINT");
      server = await startAgain({ ...command, port });
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** After a SIGKILL the backends need a moment to notice; until then the new postmaster refuses to start. */
async function startAgain(command: Command & { readonly port: number }): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServerProcess(command);
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function runSql(config: pg.ClientConfig, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    const answer: unknown = await client.query(text);
    const last = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<Record<string, unknown>>;
    return last.rows;
  } finally {
    await client.end();
  }
}
