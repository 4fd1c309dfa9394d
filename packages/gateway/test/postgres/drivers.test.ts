import { fileURLToPath } from "node:url";
import { findCommand, runCommand, skipUnless } from "@tidewaiter/testkit";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CUSTOMERS, type Fixture, HIDDEN, MASKS, startFixture } from "./labelled.ts";

/** Unchanged drivers, each with the protocol features it is known for. */

const POLICY = `${MASKS}
  - id: no-vault
    when: 'sql.relations.exists(r, r.name == "vault")'
    deny: the vault is closed
`;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({
    sql: [...CUSTOMERS, "create table vault (id int)", "create table items (id int primary key, note text)"],
    policy: POLICY,
  });
});
afterAll(() => fixture?.[Symbol.asyncDispose]());
beforeEach(() => fixture.server.sql("truncate items"));

function hidesEverything(value: unknown): void {
  const text = JSON.stringify(value);
  for (const hidden of HIDDEN) expect(text).not.toContain(hidden);
}

describe("node-postgres", () => {
  const login = () => ({
    host: "127.0.0.1",
    port: fixture.harness.port,
    user: "job",
    password: fixture.harness.secret,
    database: "prod-db",
  });
  async function connected(): Promise<pg.Client & AsyncDisposable> {
    const client = new pg.Client(login());
    await client.connect();
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
  }

  it("named and unnamed statements, parameters, masks in text and binary", async () => {
    await using client = await connected();
    for (const binary of [false, true]) {
      for (const name of [undefined, "customer"]) {
        for (const id of [1, 2]) {
          const config = {
            text: "select id, name, email, born, visits, note from customers where id = $1",
            values: [id],
            binary,
            ...(name && { name: `${name}${binary}` }),
          };
          const { rows } = await client.query(config as pg.QueryConfig);
          expect(rows).toHaveLength(1);
          expect(rows[0]).toMatchObject({ id, visits: id === 1 ? 7 : 0 });
          hidesEverything(rows);
        }
      }
    }
  });

  it("a refusal is an error like the server's, and the connection stays", async () => {
    await using client = await connected();
    await expect(client.query("select * from vault")).rejects.toMatchObject({
      code: "42501",
      message: "stopped before prod-db: the vault is closed [no-vault]",
      severity: "ERROR",
    });
    await expect(client.query("select * from vault where id = $1", [1])).rejects.toMatchObject({ code: "42501" });
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it("a transaction that a refusal fails", async () => {
    await using client = await connected();
    await client.query("begin");
    await client.query("insert into items values ($1, $2)", [1, "x"]);
    await expect(client.query("select * from vault")).rejects.toMatchObject({ code: "42501" });
    await expect(client.query("select 1")).rejects.toMatchObject({ code: "25P02" });
    expect((await client.query("commit")).command).toBe("ROLLBACK");
    expect((await client.query("select count(*)::int as n from items")).rows).toEqual([{ n: 0 }]);
  });

  it("a portal read in pieces (rows limit of Execute)", async () => {
    await using client = await connected();
    const { rows } = await client.query({
      text: "select id, email from customers order by id",
      rows: 2,
      values: [],
    } as pg.QueryConfig);
    expect(rows.map((row) => row.id)).toEqual([1, 2, 3, 4]);
    hidesEverything(rows);
  });

  it("a pool of 8 with 200 queries", async () => {
    const pool = new pg.Pool({ ...login(), max: 8 });
    const sums = await Promise.all(
      Array.from({ length: 200 }, (_, n) => pool.query("select $1::int * 2 as twice", [n])),
    );
    expect(sums.map(({ rows }) => rows[0].twice)).toEqual(Array.from({ length: 200 }, (_, n) => n * 2));
    await pool.end();
  });
});

describe("postgres.js", () => {
  const open = (options: postgres.Options<Record<string, never>> = {}) =>
    postgres({
      host: "127.0.0.1",
      port: fixture.harness.port,
      user: "job",
      password: fixture.harness.secret,
      database: "prod-db",
      max: 1,
      onnotice: () => {},
      ...options,
    });

  it("1,000 pipelined queries, prepared by themselves, with a refusal in their midst", async () => {
    const sql = open();
    const answers = await Promise.allSettled(
      Array.from({ length: 1000 }, (_, n) => (n === 500 ? sql`select * from vault` : sql`select ${n}::int as n`)),
    );
    expect(answers.filter(({ status }) => status === "rejected")).toEqual([
      { status: "rejected", reason: expect.objectContaining({ code: "42501" }) },
    ]);
    expect(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value[0]?.n] : []))).toEqual(
      Array.from({ length: 1000 }, (_, n) => n).filter((n) => n !== 500),
    );
    await sql.end();
  });

  it("transactions, savepoints, cursors, and masks", async () => {
    const sql = open();
    await sql.begin(async (tx) => {
      await tx`insert into items values (1, 'kept')`;
      await expect(tx.savepoint((inner) => inner`select * from vault`)).rejects.toMatchObject({ code: "42501" });
      await tx`insert into items values (2, 'kept as well')`;
    });
    expect(await sql`select count(*)::int as n from items`).toEqual([{ n: 2 }]);
    const seen: unknown[] = [];
    await sql`select * from customers order by id`.cursor(3, (rows) => {
      seen.push(...rows);
    });
    expect(seen).toHaveLength(4);
    hidesEverything(seen);
    await sql.end();
  });

  it("simple protocol, COPY out and in as streams", async () => {
    const sql = open();
    hidesEverything(await sql.unsafe("select * from customers; select email from customers"));
    const readable = await sql`copy customers to stdout`.readable();
    let text = "";
    for await (const chunk of readable) text += chunk;
    hidesEverything(text);
    expect(text.split("\n")).toHaveLength(5);
    const writable = await sql`copy items from stdin`.writable();
    await new Promise<void>((resolve, reject) => {
      writable.on("error", reject).on("finish", resolve);
      writable.end("1\tone\n2\ttwo\n");
    });
    expect(await sql`select count(*)::int as n from items`).toEqual([{ n: 2 }]);
    await sql.end();
  });

  it("listen and notify", async () => {
    const sql = open({ max: 2 });
    const heard = Promise.withResolvers<string>();
    await sql.listen("harbour", heard.resolve);
    await sql.notify("harbour", "ship");
    // where labels exist the payload is emptied; the wake-up arrives
    expect(await heard.promise).toBe("");
    await sql.end();
  });
});

const python = await pythonWith("psycopg");
skipUnless(python !== undefined, "Python with psycopg 3").describe("psycopg 3", () => {
  it("pipeline mode, server-side cursors, binary, COPY: see psycopg-client.py", async () => {
    const client = fileURLToPath(new URL("psycopg-client.py", import.meta.url));
    const login = `host=127.0.0.1 port=${fixture.harness.port} user=job password=${fixture.harness.secret} dbname=prod-db sslmode=disable`;
    const { code, stdout, stderr } = await runCommand(python ?? "", [client, login]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const said = JSON.parse(stdout) as Record<string, unknown>;
    hidesEverything(said);
    expect(said).toMatchObject({
      pipeline: { first: [1], state: "42501", after: [0] },
      many: 1000,
      transaction: { inside: "42501", after: 0 },
      binary: [
        [1, 7],
        [2, 0],
        [3, null],
        [4, 3],
      ],
      cursor: 4,
      copied: 4,
      copied_in: 3,
      status: "INERROR",
    });
  });
});

async function pythonWith(module: string): Promise<string | undefined> {
  for (const python of ["/usr/bin/python3", findCommand("python3")]) {
    if (python === undefined) continue;
    const answer = await runCommand(python, ["-c", `import ${module}`]).catch(() => undefined);
    if (answer?.code === 0) return python;
  }
  return undefined;
}
