import { encodeFrontend } from "@tidewaiter/postgres/encode-frontend";
import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import { findPostgres, type PostgresServer, postgresVersions, skipUnless, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { job, robot } from "../wire/principals.ts";
import { comparable, errorIn, rowsIn, types } from "../wire/transcript.ts";
import {
  bind,
  describePortal,
  describeStatement,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
  typeOf,
  WireClient,
} from "../wire/wire-client.ts";

/**
 * Decision 5, cell by cell: a statement that the policy refuses, against the same bytes sent to the same server by a role
 * that has no right to it. Where the server refuses depends on the right: USAGE on a schema is missed by Parse, a function
 * that raises `insufficient_privilege` by Execute.
 */

const POLICY = `
version: 1
rules:
  - id: no-vault
    when: 'sql.relations.exists(r, r.schema == "vault")'
    deny: the vault is closed
  - id: guarded-needs-a-person
    match: { principals: ["kind:ai_agent"] }
    when: 'sql.functions.exists(f, f == "guarded")'
    review: { by: ["group:owners"], count: 1, expires: 5m }
    on_review: ticket
`;

const SETUP = [
  "create role app login",
  "create role outsider login",
  "create schema vault",
  "create table vault.secrets (id int, word text)",
  "grant usage on schema vault to app",
  "grant all on vault.secrets to app, outsider",
  "create table items (id int, note text)",
  "grant all on items to app, outsider",
  "create schema open",
  "create function open.guarded() returns int language sql as 'select 1'",
  "create schema closed",
  "create function closed.guarded() returns int language plpgsql as $$ begin raise insufficient_privilege; end $$",
  "grant usage on schema open, closed to app, outsider",
  "alter role app set search_path = public, open",
  "alter role outsider set search_path = public, closed",
];

const DENIED = "select * from vault.secrets";
const GUARDED = "select guarded()";

interface Step {
  readonly send: readonly FrontendMessage[];
  /** The answer ends with the nth message of this type; default: one ReadyForQuery. */
  readonly until?: readonly [type: string, count: number];
}

const simple = (...statements: readonly string[]): Step[] => statements.map((sql) => ({ send: [query(sql)] }));
const batch = (...messages: readonly FrontendMessage[]): Step => ({ send: [...messages, sync] });

const CASES: Readonly<Record<string, readonly Step[]>> = {
  "simple, autocommit": simple(DENIED, "select 1"),
  "simple, in a transaction": simple(
    "begin",
    "insert into items values (1, 'a')",
    DENIED,
    "select 1",
    "commit",
    "select count(*) from items",
  ),
  "simple, after a savepoint": simple(
    "begin",
    "insert into items values (1, 'a')",
    "savepoint s",
    DENIED,
    "select 1",
    "rollback to s",
    "select count(*) from items",
    "commit",
    "delete from items",
  ),
  "simple, twice in a transaction": simple("begin", DENIED, "rollback", "begin", DENIED, "end", "select 2"),
  "simple, several sent at once": [
    { send: [query("select 1"), query(DENIED), query("select 2"), query(DENIED), query("select 3")], until: ["Z", 5] },
  ],
  "extended, autocommit": [batch(...extended(DENIED)), batch(...extended("select 1"))],
  "extended, in the middle of a batch": [
    batch(...extended("select 1"), ...extended(DENIED), ...extended("select 2")),
    ...simple("select 3"),
  ],
  "extended, a write before it in the batch is undone": [
    batch(...extended("insert into items values (9, 'z')"), ...extended(DENIED)),
    ...simple("select count(*) from items"),
  ],
  "extended, in a transaction": [
    batch(...extended("begin")),
    batch(...extended("insert into items values (1, 'a')"), ...extended(DENIED), ...extended("select 1")),
    batch(...extended("select 1")),
    batch(...extended("rollback")),
  ],
  "extended, after a savepoint": [
    ...simple("begin", "savepoint s"),
    batch(...extended(DENIED)),
    ...simple("rollback to s"),
    batch(...extended("select 1")),
    ...simple("commit"),
  ],
  "extended, an earlier error in the batch": [
    batch(...extended("select nothing_here"), ...extended(DENIED), ...extended("select 1")),
    ...simple("select 1"),
  ],
  "extended, batches sent at once": [
    {
      send: [
        ...extended(DENIED),
        sync,
        ...extended("select 1"),
        sync,
        ...extended(DENIED),
        sync,
        ...extended("select 2"),
        sync,
      ],
      until: ["Z", 4],
    },
  ],
  "extended, Flush instead of Sync": [
    { send: [...extended("select 1"), ...extended(DENIED), flush], until: ["E", 1] },
    batch(...extended("select 2")),
    ...simple("select 3"),
  ],
  "extended, named, with Describe of the statement": [
    batch(parse(DENIED, "d"), describeStatement("d")),
    batch(bind({ statement: "d" }), execute()),
    batch(parse("select 1", "d"), describeStatement("d")),
  ],
  "extended, other statements live on": [
    batch(parse("select 5", "kept")),
    batch(parse(DENIED, "d"), bind({ statement: "kept" }), execute()),
    batch(bind({ statement: "kept" }), describePortal(), execute()),
  ],
  "extended, only Sync after it": [batch(parse(DENIED)), { send: [sync] }, { send: [sync, sync], until: ["Z", 2] }],
  "extended then simple without Sync": [{ send: [parse(DENIED), query("select 1"), sync] }, ...simple("select 2")],
  "refused at Execute": [batch(...extended(GUARDED)), ...simple("select 1")],
  "refused at Execute in the middle of a batch": [
    batch(...extended("select 1"), ...extended(GUARDED), ...extended("select 2")),
    ...simple("select 3"),
  ],
  "refused at Execute in a transaction": [
    ...simple("begin"),
    batch(...extended("insert into items values (3, 'c')"), ...extended(GUARDED), ...extended("select 2")),
    batch(...extended("select 1")),
    ...simple("rollback"),
  ],
  "refused at Execute after a savepoint": [
    ...simple("begin", "savepoint s"),
    batch(...extended(GUARDED)),
    ...simple("rollback to s", "select 1", "commit"),
  ],
  "refused at Execute, prepared before": [
    batch(parse(GUARDED, "g"), describeStatement("g")),
    batch(bind({ statement: "g" }), execute()),
    batch(bind({ statement: "g" }), execute()),
  ],
  "refused at Execute, with Flush": [
    { send: [...extended("select 1"), ...extended(GUARDED), flush], until: ["E", 1] },
    batch(...extended("select 2")),
  ],
  "refused at Execute, batches sent at once": [
    { send: [...extended(GUARDED), sync, ...extended("select 1"), sync, ...extended(GUARDED), sync], until: ["Z", 3] },
  ],
};

async function play(client: WireClient, steps: readonly Step[]): Promise<string[]> {
  const said: string[] = [];
  for (const { send, until } of steps) {
    client.send(...send);
    said.push(...comparable(await client.until(until?.[0] ?? "Z", until?.[1])));
  }
  return said;
}

for (const version of postgresVersions) {
  const found = await findPostgres(version);
  skipUnless(found.available, `PostgreSQL ${version}`).describe(`refusals against PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let harness: Harness;
    beforeAll(async () => {
      server = await startPostgres({ version, sql: SETUP });
      harness = await startHarness({
        target: server,
        database: "postgres",
        targetUser: "app",
        policies: [{ name: "p", source: POLICY }],
        principals: [job, robot],
      });
    });
    afterAll(async () => {
      await harness?.[Symbol.asyncDispose]();
      await server?.stop();
    });
    const direct = () => WireClient.connect({ port: server.port, user: "outsider", database: "postgres" });
    const through = (user = "robot") =>
      WireClient.connect({ port: harness.port, user, password: harness.secret, database: "prod-db" });

    for (const [name, steps] of Object.entries(CASES)) {
      it(name, async () => {
        await using native = await direct();
        await using client = await through();
        await server.sql("truncate items");
        const expected = await play(native, steps);
        await server.sql("truncate items");
        expect(await play(client, steps)).toEqual(expected);
        expect(expected.filter((line) => line.startsWith("E ")).length).toBeGreaterThan(0);
      });
    }

    it("a string of several statements is refused whole", async () => {
      await using client = await through("job");
      await server.sql("truncate items");
      const string = query(`insert into items values (7, 'x'); ${DENIED}; select 1`);
      client.send(string, query("select count(*) from items"), query("begin"), string, query("commit"));
      const answer = await client.until("Z", 5);
      expect(comparable(answer).map((line) => line.slice(0, 13).trimEnd())).toEqual([
        "E ERROR 42501",
        "Z \0\0\0\u0005I",
        ...["T", "D", "C"].map((type) => expect.stringMatching(`^${type} `)),
        "Z \0\0\0\u0005I",
        expect.stringMatching(/^C /),
        "Z \0\0\0\u0005T",
        "E ERROR 42501",
        "Z \0\0\0\u0005E",
        expect.stringMatching(/^C /),
        "Z \0\0\0\u0005I",
      ]);
      expect(rowsIn(answer)).toEqual([["0"]]);
      expect(answer.at(-2)?.toString("latin1", 5, 13)).toBe("ROLLBACK");
    });

    it("says what was stopped, by which rule, and what now", async () => {
      await using client = await through("job");
      const outside = errorIn(await client.query(DENIED));
      expect(outside).toEqual({
        severityLocalized: "ERROR",
        severity: "ERROR",
        code: "42501",
        message: "stopped before prod-db: the vault is closed [no-vault]",
        detail: "Not executed. The session is open.",
        hint: expect.stringMatching(/^Why: tw /),
      });
      await client.query("begin");
      expect(errorIn(await client.query(DENIED)).detail).toBe(
        "Not executed. Your transaction is now aborted, as after any error; the session is open.",
      );
    });

    it("P6: in a failed transaction it fails as any statement does there, and not once that is over", async () => {
      await using native = await direct();
      await using client = await through("job");
      const steps = [
        ...simple("begin", "select 1/0", DENIED, "select 1"),
        batch(...extended(DENIED), ...extended("select 1")),
        // ROLLBACK has completed when the refusal comes, though no ReadyForQuery has said so
        batch(...extended("rollback"), ...extended(DENIED)),
        ...simple("begin", "savepoint a", "select 1/0", DENIED, "rollback to a", DENIED, "rollback", "select 1"),
      ];
      const said = await play(client, steps);
      expect(said).toEqual(await play(native, steps));
      expect(said.filter((line) => line.startsWith("E ")).join(" ")).toMatch(/25P02.*25P02.*42501.*25P02.*42501/);
    });

    it("an unnamed statement of the client survives the refusal of another", async () => {
      await using client = await through("job");
      client.send(parse("select 11"), sync, parse(DENIED, "x"), sync, bind(), execute(), sync);
      const answer = await client.until("Z", 3);
      expect(types(answer)).toBe("1 Z E Z 2 D C Z");
      expect(rowsIn(answer)).toEqual([["11"]]);
    });

    it("the fast-path function call is refused in its place", async () => {
      // pg_backend_pid() is 2026 in every version; the fast path needs no right of its own
      const call = encodeFrontend({
        name: "FunctionCall",
        functionOid: 2026,
        argumentFormats: [],
        arguments: { buffer: Buffer.alloc(0), offset: 0, count: 0 },
        resultFormat: 0,
      });
      await using client = await through("job");
      client.send(query("select 1"), call, query("select 2"));
      const answer = await client.until("Z", 3);
      expect(types(answer)).toBe("T D C Z E Z T D C Z");
      expect(errorIn(answer).code).toBe("42501");
    });

    it("a notification that arrives meanwhile arrives once, in the server's place", async () => {
      const heard = async (client: WireClient): Promise<{ idle: string[]; inTransaction: string[] }> => {
        await client.query("listen harbour");
        await server.sql("notify harbour, 'ship one'");
        client.send(query(DENIED), ...extended(DENIED), sync);
        const idle = comparable(await client.until("Z", 2));
        await client.query("begin");
        await server.sql("notify harbour, 'ship two'");
        client.send(query(DENIED), query("select 1"), query("rollback"));
        return { idle, inTransaction: comparable(await client.until("Z", 3)) };
      };
      await using native = await direct();
      const expected = await heard(native);
      await native.query("unlisten *");
      await using client = await through("job");
      const got = await heard(client);
      expect(got.inTransaction).toEqual(expected.inTransaction);
      expect([...got.idle].sort()).toEqual([...expected.idle].sort());
      expect(expected.idle.filter((line) => line.startsWith("A "))).toHaveLength(1);
      expect(expected.inTransaction.filter((line) => line.startsWith("A "))).toHaveLength(1);
    });

    it("a COPY IN that is refused leaves the client's data unread by the server", async () => {
      await using native = await direct();
      await using client = await through("job");
      const data = encodeFrontend({ name: "CopyData", data: Buffer.from("1\tx\n") });
      const run = async (one: WireClient) => {
        one.send(query("copy vault.secrets from stdin"));
        const refused = await one.until("Z");
        // a client that did not wait: the server drops data outside of COPY
        one.send(data, { name: "CopyDone" }, query("select 1"));
        return comparable([...refused, ...(await one.until("Z"))]);
      };
      const expected = await run(native);
      expect(await run(client)).toEqual(expected);
      expect(await server.sql("select count(*)::int as rows from vault.secrets")).toEqual([{ rows: 0 }]);
    });

    it("a real server error before the substitute's own passes unchanged", async () => {
      await using client = await through("job");
      client.send(...extended("select 1/0"), ...extended(DENIED), sync);
      const answer = await client.until("Z");
      expect(answer.filter((message) => typeOf(message) === "E")).toHaveLength(1);
      expect(errorIn(answer).message).toBe("division by zero");
    });
  });
}
