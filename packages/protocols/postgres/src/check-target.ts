import type { Duplex } from "node:stream";
import type { Finding, Protocol } from "@tidewaiter/core";
import { queryRows } from "./catalog/query.ts";
import { chooseHost } from "./connect-target/choose-host.ts";
import { type ConnectedTarget, connectTarget } from "./connect-target/connect-target.ts";
import { proofOf } from "./connect-target/proof-of.ts";
import { TargetConnectError } from "./connect-target/target-connect-error.ts";
import { encodeFrontend } from "./encode-frontend.ts";
import type { ServerSettings } from "./lineage/server-settings.ts";
import { readServerSettings, standsAgainst, treesReachLog } from "./lineage/server-settings.ts";
import type { DerivedKeyCache } from "./scram/derived-key-cache.ts";
import type { PostgresTarget } from "./target-schema.ts";
import { hostsOf, postgresTargetSchema } from "./target-schema.ts";

/** Predefined roles that reach beyond tables (PostgreSQL documentation, "Predefined Roles"). */
const FAR_REACHING = [
  "pg_read_server_files",
  "pg_write_server_files",
  "pg_execute_server_program",
  "pg_write_all_data",
  "pg_read_all_data",
  "pg_read_all_stats",
  "pg_monitor",
  "pg_signal_backend",
];
/** Extensions whose functions open connections or files from inside the server. */
const REACHING_OUT = ["dblink", "postgres_fdw", "file_fdw", "adminpack", "plpython3u", "plperlu", "pltclu", "lo"];

/** Connects once with the resource's credential, at its own database, and looks around. */
export async function checkResource(
  input: Parameters<Protocol<unknown, Duplex>["check"]>[0],
  keys: DerivedKeyCache,
): Promise<readonly Finding[]> {
  const target = postgresTargetSchema.parse(input.target);
  const { credential } = input;
  const hosts = hostsOf(target);
  const connect = async (address: number) => {
    const proof = proofOf(credential);
    const serverName = target.tls.serverName ?? hosts[address]?.host;
    return connectTarget(await input.dial(address), {
      user: credential.username,
      database: target.database,
      parameters: new Map([["application_name", "tidewaiter check"]]),
      ...(proof.password !== undefined && { password: proof.password }),
      tls: {
        mode: target.tls.mode,
        ...(serverName !== undefined && { serverName }),
        ...(target.tls.ca !== undefined && { ca: target.tls.ca }),
        ...proof.tls,
      },
      allowCleartext: target.allowCleartextPassword,
      keys,
    });
  };
  try {
    const connected = await chooseHost(hosts.length, target.targetSessionAttrs, connect);
    try {
      return await checkTarget(connected, target.lineage);
    } finally {
      connected.stream.end(encodeFrontend({ name: "Terminate" }));
    }
  } catch (error) {
    if (!(error instanceof TargetConnectError)) throw error;
    return [{ severity: "problem", code: error.code.replaceAll("_", "-"), message: error.message }];
  }
}

/** What the role behind a resource can do, asked on a connection of our own that is open already. */
export async function checkTarget(
  { stream, tls }: Pick<ConnectedTarget, "stream" | "tls">,
  lineage: PostgresTarget["lineage"],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const [server] = await queryRows(
    stream,
    "select current_setting('server_version'), current_user, current_database()",
  );
  const role = server?.[1] ?? "";
  findings.push({
    severity: "ok",
    code: "connected",
    message: `connected to PostgreSQL ${server?.[0]}, database ${server?.[2]}, as ${role}`,
  });
  findings.push(
    tls
      ? { severity: "ok", code: "tls", message: "the connection to the target is encrypted" }
      : {
          severity: "warning",
          code: "no-tls",
          message: "the connection from the site agent to the target is not encrypted",
        },
  );
  findings.push(
    ...(await attributes(stream, role)),
    ...(await memberships(stream, role)),
    ...(await ownership(stream, role)),
    ...(await extensions(stream)),
    ...logFindings(await readServerSettings(stream), role, lineage),
  );
  return findings;
}

async function attributes(stream: Duplex, role: string): Promise<Finding[]> {
  const [row] = await queryRows(
    stream,
    "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_catalog.pg_roles where rolname = current_user",
  );
  const names = ["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"];
  return names.flatMap((name, index): Finding[] =>
    row?.[index] === "t"
      ? [
          {
            severity: name === "SUPERUSER" ? "problem" : "warning",
            code: `role-${name.toLowerCase()}`,
            message: `the role has ${name}: policy is then the only thing between a session and the whole server`,
            mend: `ALTER ROLE ${quoted(role)} NO${name};`,
          },
        ]
      : [],
  );
}

async function memberships(stream: Duplex, role: string): Promise<Finding[]> {
  const rows = await queryRows(
    stream,
    `select rolname from pg_catalog.pg_roles where rolname in (${FAR_REACHING.map((name) => `'${name}'`).join(", ")}) and pg_catalog.pg_has_role(current_user, oid, 'usage') and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user)`,
  );
  return rows.map(([name]) => ({
    severity: "warning",
    code: "role-membership",
    message: `the role is a member of ${name}`,
    mend: `REVOKE ${name} FROM ${quoted(role)};`,
  }));
}

async function ownership(stream: Duplex, role: string): Promise<Finding[]> {
  const [owned] = await queryRows(
    stream,
    "select count(*) from pg_catalog.pg_class where relowner = (select oid from pg_catalog.pg_roles where rolname = current_user) and relkind in ('r', 'p', 'v', 'm') and oid >= 16384",
  );
  const schemas = await queryRows(
    stream,
    "select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' and pg_catalog.has_schema_privilege(oid, 'CREATE')",
  );
  const findings: Finding[] = [];
  if (Number(owned?.[0] ?? 0) > 0)
    findings.push({
      severity: "warning",
      code: "role-owns",
      message: `the role owns ${owned?.[0]} relations, so it may drop and alter them`,
      mend: `REASSIGN OWNED BY ${quoted(role)} TO another_role;`,
    });
  for (const [schema] of schemas)
    findings.push({
      severity: "info",
      code: "schema-create",
      message: `the role may create objects in schema ${schema}`,
      mend: `REVOKE CREATE ON SCHEMA ${quoted(schema ?? "")} FROM ${quoted(role)}, PUBLIC;`,
    });
  return findings;
}

async function extensions(stream: Duplex): Promise<Finding[]> {
  const rows = await queryRows(
    stream,
    `select extname from pg_catalog.pg_extension where extname in (${REACHING_OUT.map((name) => `'${name}'`).join(", ")})`,
  );
  return rows.map(([name]) => ({
    severity: "warning",
    code: "extension",
    message: `extension ${name} is installed: its functions reach out of the database`,
    mend: `DROP EXTENSION ${name};  -- or revoke EXECUTE on its functions`,
  }));
}

/** Can labels follow values by the server's own query trees, and what would that do to its log? */
function logFindings(
  settings: ServerSettings,
  role: string,
  { from, log }: PostgresTarget["lineage"],
): readonly Finding[] {
  const against = standsAgainst(settings, log);
  const silenced = settings.ownLogging.length > 0 ? ` It also silences ${settings.ownLogging.join(", ")}.` : "";
  if (against === undefined)
    return [
      from === "server"
        ? { severity: "ok", code: "lineage", message: "labels follow values by the server's own query trees" }
        : {
            severity: "info",
            code: "lineage-possible",
            message:
              "labels follow values by names; the server could tell its own lineage without writing it to its log",
            mend: "target.lineage: { from: server }",
          },
    ];
  return [
    {
      severity: from === "server" ? "warning" : "info",
      code: from === "server" ? "lineage-off" : "lineage-possible",
      message: `labels follow values by names: ${against}${from === "server" ? "" : ", if lineage from the server were chosen"}`,
      mend: treesReachLog(settings)
        ? `ALTER ROLE ${quoted(role)} SET log_min_messages = fatal;  --${silenced || " nothing of its own is logged today."} Or accept about 2 kB per statement in the log: target.lineage.log: trees_logged`
        : `target.lineage: { from: server, log: own_lines_silenced }  --${silenced}`,
    },
  ];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
