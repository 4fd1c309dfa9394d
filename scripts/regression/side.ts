import type { PostgresServer, PostgresVersion } from "@tidewaiter/testkit";
import { startPostgres } from "@tidewaiter/testkit";
import { startTidewaiter } from "@tidewaiter/testkit/tidewaiter";

/** One way to a database `regression` on a server of its own: psql connects to it with the same words on both. */
export interface Side extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export const DATABASE = "regression";

/** What pg_regress writes into the configuration of its temporary server, as far as it changes results. */
const SETTINGS = { max_prepared_transactions: "2" };

/** Superuser of the server and principal of the gateway, so that `\c -` and error texts have the same words. */
const USER = "postgres";

export async function startDirect(version: PostgresVersion): Promise<Side> {
  const server = await startServer(version);
  return { server, port: server.port, user: USER, password: "unused", [Symbol.asyncDispose]: () => server.stop() };
}

/**
 * A second server behind the whole product: control plane, gateway and agent as processes, no policy at all, every session
 * recorded. The principal is a service, since people are greeted by a notice at every login.
 */
export async function startThrough(version: PostgresVersion): Promise<Side> {
  const server = await startServer(version);
  try {
    const gateway = await startTidewaiter({
      target: { host: server.host, port: server.port, user: server.superuser, database: DATABASE },
      resource: DATABASE,
      principals: [{ name: USER, type: "service", level: "admin" }],
    });
    return {
      server,
      port: gateway.port,
      user: USER,
      password: (await gateway.secret(USER)).secret,
      async [Symbol.asyncDispose]() {
        await gateway.stop();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startServer(version: PostgresVersion): Promise<PostgresServer> {
  const alter = (setting: string) => `ALTER DATABASE "${DATABASE}" SET ${setting}`;
  return startPostgres({
    version,
    settings: SETTINGS,
    sql: [
      `CREATE DATABASE "${DATABASE}" TEMPLATE=template0`,
      // as pg_regress does
      ...["lc_messages", "lc_monetary", "lc_numeric", "lc_time"].map((name) => alter(`${name} TO 'C'`)),
      alter("bytea_output TO 'hex'"),
      alter("timezone_abbreviations TO 'Default'"),
    ],
  });
}
