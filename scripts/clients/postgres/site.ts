import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PostgresServer, type PostgresVersion, startPostgres, tempDir } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import type { Endpoint, Site } from "../matrix.ts";

/** Values that a labelled column holds, and what is seen in place of each. */
export const HIDDEN = [
  "ann@hidden.example",
  "b,o@hidden.example",
  "zoë@hidden.example",
  "123-45-6789",
  "987-65-4321",
  "555-11-2222",
];
export const MASKED = "***";
/** Scenarios make tables of their own, whose columns are to be shown: only what is labelled is masked. */
const LABELS = {
  version: 1,
  labels: {
    "pii.email": { columns: ["public.customers.email"] },
    "pii.ssn": { columns: ["public.customers.ssn"] },
  },
  defaults: { unclassified: "detect" },
};
const [ann, bo, zoe, first, second, third] = HIDDEN;

const TABLES = `
drop database if exists restored;
drop schema public cascade; create schema public; grant all on schema public to public;
create table items (id int generated always as identity primary key, name text unique, note text);
create table numbers (n int primary key, label text not null);
insert into numbers select n, 'row ' || n from generate_series(1, 1000) n;
create table customers (id int primary key, name text, email text, ssn text, born date, balance numeric(12,2));
insert into customers values
  (1, 'Ann', '${ann}', '${first}', '1980-02-03', 12.50),
  (2, 'B "the" O''Neil', '${bo}', '${second}', null, -0.01),
  (3, 'Zoë', '${zoe}', '${third}', '1999-01-01', 1000000);
create view totals as select count(*) as customers, sum(balance) as balance from customers;
create function twice(n int) returns int language sql immutable as 'select 2 * n';
create index on customers (lower(name));
analyze;
`;
/** The resource and the principal have the names that the database and its user have directly: no client sees a difference. */
const NAME = "postgres";

export async function startPostgresSite(version: PostgresVersion): Promise<Site> {
  const server = await startPostgres({ version, auth: "scram", tls: true, settings: { max_connections: "200" } });
  const files = tempDir("clients");
  const open = await gateway(server);
  const masking = await gateway(server, LABELS);
  const caFile = (name: string, pem: string | undefined): string => {
    const path = join(files.path, name);
    writeFileSync(path, pem ?? "");
    return path;
  };
  const endpoint = async (name: string, gateway: Tidewaiter): Promise<Endpoint> => {
    const { secret, caPem } = await gateway.secret(NAME);
    return { ...login(gateway.port, secret, caFile(name, caPem)), CLIENT_OTHER_DATABASE: `${NAME}/restored` };
  };
  const direct = login(server.port, server.superuserPassword, caFile("direct.pem", server.tls?.caPem));
  return {
    direct: { ...direct, CLIENT_OTHER_DATABASE: "restored" },
    through: await endpoint("through.pem", open),
    labelled: await endpoint("labelled.pem", masking),
    reset: async () => {
      for (const statement of TABLES.split(/;\n/)) if (statement.trim() !== "") await server.sql(statement);
    },
    async [Symbol.asyncDispose]() {
      await open.stop();
      await masking.stop();
      await server.stop();
      await files[Symbol.asyncDispose]();
    },
  };
}

function gateway(server: PostgresServer, policy?: object): Promise<Tidewaiter> {
  return startTidewaiter({
    target: {
      host: server.host,
      port: server.port,
      user: server.superuser,
      password: server.superuserPassword,
      database: NAME,
    },
    resource: NAME,
    principals: [{ name: NAME, type: "service", level: "admin" }],
    ...(policy && { policies: [{ name: "labels.yaml", source: JSON.stringify(policy) }] }),
  });
}

/** In the variables of libpq. */
function login(port: number, password: string, caFile: string): Endpoint {
  return {
    PGHOST: "127.0.0.1",
    PGPORT: String(port),
    PGUSER: NAME,
    PGPASSWORD: password,
    PGDATABASE: NAME,
    PGSSLMODE: "require",
    PGPASSFILE: "/dev/null",
    PGSERVICEFILE: "/dev/null",
    PGCONNECT_TIMEOUT: "20",
    PAGER: "cat",
    CLIENT_CA: caFile,
  };
}
