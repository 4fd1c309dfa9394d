import type { Principal } from "@tidewaiter/core";
import {
  type CommandResult,
  type PostgresServer,
  type PostgresVersion,
  type PsqlOptions,
  runPsql,
  startPostgres,
} from "@tidewaiter/testkit";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { ana, job, robot } from "../wire/principals.ts";
import { startTap, type Tap } from "../wire/tap.ts";
import { WireClient } from "../wire/wire-client.ts";

/** Customers with every kind of awkward value, and a policy that hides some of their columns. */
export const CUSTOMERS = [
  "create table customers (id int primary key, name text, email text, ssn text, born date, visits int, note text)",
  `insert into customers values
     (1, 'Ann', 'ann@example.com', '123-45-6789', '1980-02-03', 7, 'plain'),
     (2, 'B "the" O''Neil', 'b,o@example.org', '987-65-4321', null, 0, E'two\\nlines, "quoted"\\tand \\\\ tab'),
     (3, '', null, '', '2001-12-31', null, null),
     (4, 'Zoë', 'zoë@exämple.net', '555-11-2222', '1999-01-01', 3, '\\N')`,
];

export const MASKS = `
version: 1
labels:
  pii.email: { columns: ["*.customers.email"] }
  pii.ssn: { columns: ["*.customers.ssn"] }
  pii.born: { columns: ["*.customers.born"] }
  pii.note: { columns: ["*.customers.note"] }
  pii.full: { columns: ["*.people.full_name"] }
rules:
  - id: mask-pii
    match: { labels: ["pii.*"] }
    unless: 'principal.name == "reader"'
    mask: { pii.email: email_domain, pii.ssn: { last: 4 }, pii.born: year, default: constant }
`;

/** The same where nobody is stopped for what code that nobody has read could tell by failing: tests of what else holds. */
export const LENIENT = `${MASKS}
functions: [{ name: "public.say_*", reads: none }]
defaults: { predicates: { service: { expression: count } } }
`;

/** What must never reach a client for which they are masked. */
export const HIDDEN = [
  "ann@",
  "b,o@",
  "zoë@",
  "123-45",
  "987-65",
  "555-11",
  "02-03",
  "12-31",
  "plain",
  "two",
  "quoted",
];

/** May see everything. */
export const reader: Principal = { id: "prn_reader", name: "reader", kind: "user", groups: [] };

export interface Fixture extends AsyncDisposable {
  readonly server: PostgresServer;
  /** Between gateway and server. */
  readonly tap: Tap;
  readonly harness: Harness;
  wire(user?: string, database?: string): Promise<WireClient>;
  direct(user?: string): Promise<WireClient>;
  /** The real psql through the gateway. */
  psql(args: readonly string[], options?: Partial<PsqlOptions>): Promise<CommandResult>;
  psqlDirect(args: readonly string[], options?: Partial<PsqlOptions>): Promise<CommandResult>;
}

export async function startFixture(options: {
  readonly version?: PostgresVersion;
  readonly sql?: readonly string[];
  readonly policy?: string;
  readonly principals?: readonly Principal[];
  readonly lineage?: "names" | "view" | "server";
  /** `target.lineage.missing`. */
  readonly missing?: "end";
  /** Role at the target. Default: a superuser. */
  readonly targetUser?: string;
}): Promise<Fixture> {
  const server = await startPostgres({ version: options.version ?? "18", sql: options.sql ?? [] });
  const tap = await startTap(server);
  const policies = options.policy === undefined ? [] : [{ name: "policy.yaml", source: options.policy }];
  const harness = await startHarness({
    target: tap,
    database: "postgres",
    policies,
    principals: options.principals ?? [ana, job, robot, reader],
    ...(options.targetUser !== undefined && { targetUser: options.targetUser }),
    // scratch servers: their log may hold anything
    lineage: {
      from: options.lineage ?? "names",
      log: "trees_logged",
      ...(options.missing && { missing: options.missing }),
    },
  });
  const through = {
    port: harness.port,
    user: "ana",
    password: harness.secret,
    database: "prod-db",
    sslmode: "disable",
  } as const;
  return {
    server,
    tap,
    harness,
    wire: (user = "job", database = "prod-db") =>
      WireClient.connect({ port: harness.port, user, password: harness.secret, database }),
    direct: (user = "postgres") => WireClient.connect({ port: server.port, user, database: "postgres" }),
    psql: (args, more = {}) => runPsql({ ...through, args, ...more }),
    psqlDirect: (args, more = {}) =>
      runPsql({ port: server.port, user: "postgres", database: "postgres", args, ...more }),
    async [Symbol.asyncDispose]() {
      await harness[Symbol.asyncDispose]();
      await tap[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}
