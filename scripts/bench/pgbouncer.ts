import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectPg, eventually, findCommand, freePort, type PostgresServer, tempDir } from "@tidewaiter/testkit";
import { runAs, unprivileged } from "@tidewaiter/testkit/unprivileged";
import { benchRole } from "./database.ts";
import type { Route } from "./route.ts";

/**
 * pgbouncer in session mode before the same server, or undefined where it is not installed. It knows the role's own
 * SCRAM verifier: from a client's proof it gets the key with which it logs in at the server, as Tidewaiter's clients do.
 */
export async function startPgbouncer(server: PostgresServer): Promise<Route | undefined> {
  const program = findCommand("pgbouncer");
  if (program === undefined) return undefined;
  const { user, password, database } = benchRole;
  const folder = tempDir("pgbouncer");
  const port = await freePort();
  const rows = await server.sql(`select rolpassword from pg_authid where rolname = '${user}'`);
  const files = {
    "users.txt": `"${user}" "${rows[0]?.rolpassword}"\n`,
    "pgbouncer.ini": configuration({ port, server: server.port, users: join(folder.path, "users.txt") }),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder.path, name), text, { mode: 0o600 });
    chownSync(join(folder.path, name), runAs().uid, runAs().gid);
  }
  chmodSync(folder.path, 0o711);
  const [file, args] = unprivileged(program, ["-q", join(folder.path, "pgbouncer.ini")], "TERM");
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await folder.remove();
  };
  const route: Route = { name: "pgbouncer", host: "127.0.0.1", port, ...benchRole, pids: [child.pid ?? 0], stop };
  try {
    await eventually(() => answers({ host: "127.0.0.1", port, user, password, database }), {
      within: 10_000,
      every: 50,
    });
  } catch (error) {
    await stop();
    throw new Error(`pgbouncer does not answer:\n${log}`, { cause: error });
  }
  return route;
}

async function answers(config: { host: string; port: number; user: string; password: string; database: string }) {
  await using connection = await connectPg(config);
  return (await connection.client.query("select 1")).rowCount === 1;
}

function configuration(at: { readonly port: number; readonly server: number; readonly users: string }): string {
  return `[databases]
${benchRole.database} = host=127.0.0.1 port=${at.server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${at.port}
unix_socket_dir =
pool_mode = session
auth_type = scram-sha-256
auth_file = ${at.users}
max_client_conn = 1000
default_pool_size = 400
server_tls_sslmode = disable
client_tls_sslmode = disable
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`;
}
