import { createHash } from "node:crypto";
import type { Principal, SessionEvent } from "@tidewaiter/core";
import { eventually } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorIn, rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, parse, sync, typeOf, type WireClient } from "../wire/wire-client.ts";
import { type Fixture, startFixture } from "./labelled.ts";

const CANARY = "canary.7f3a@example.com";
const PLANTED_ID = "424242";
const hash = (text: string) => createHash("sha256").update(text).digest("hex");

/** One principal for each budget, so that no test sees what another one spent. */
const NAMES = [
  "rows",
  "bytes",
  "cells",
  "errors",
  "uses",
  "distinct",
  "ten",
  "end",
  "asks",
  "meets",
  "alert",
  "backup",
  "views",
];
const principals = NAMES.map((name): Principal => ({ id: `prn_${name}`, name, kind: "service", groups: [] }));

const rule = (name: string, budget: string) => `
  - id: few-${name}
    match: { principals: ["name:${name}"] }
    budget: { window: 1h, ${budget} }`;

const POLICY = `
version: 1
labels:
  pii.email: { columns: ["*.customers.email"] }
  pii.ssn: { columns: ["*.customers.ssn"] }
  pii.code: { columns: ["*.bait.code", "*.bait.number"] }
defaults: { predicates: { service: { equality: count, pattern: count, order: allow } } }
rules:
  - id: mask
    match: { labels: ["pii.*"] }
    unless: 'principal.name in ["distinct", "alert", "backup"]'
    mask: { pii.email: email_domain, default: constant }
${rule("rows", "rows: 25")}
${rule("bytes", "bytes: 2000B")}
${rule("cells", 'cells: { "pii.*": 7 }')}
${rule("errors", "errors: 3")}
${rule("uses", 'predicates: { "pii.*": 5 }')}
${rule("distinct", 'distinct: { "pii.*": 3 }')}
${rule("views", 'predicates: { "pii.*": 2 }')}
${rule("ten", "rows: 100")}
${rule("end", "rows: 3, on_exceed: end")}
${rule("asks", "rows: 3, on_exceed: review")}
canaries:
  - { id: planted-mail, label: "pii.*", values_sha256: ["${hash(CANARY)}", "${hash(PLANTED_ID)}"], except: ["alert", "backup"] }
  - { id: watched-mail, label: pii.email, values_sha256: ["${hash(CANARY)}"], on_hit: alert, except: ["meets", "backup"] }
`;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({
    sql: [
      "create table customers (id int primary key, email text, ssn text, country text)",
      `insert into customers select i, 'user' || i || '@example.com', case when i % 2 = 0 then null else 'ssn' || i end, 'fr'
         from generate_series(1, 1000) i`,
      "create table bait (id int primary key, code text, number numeric, email text)",
      `insert into bait select i, 'code' || i, i, 'x' from generate_series(1, 50) i`,
      `insert into bait values (51, '${CANARY}', 7, 'x'), (52, 'later', ${PLANTED_ID}, 'x')`,
      `insert into customers values (2000, '${CANARY}', null, 'de')`,
      "analyze",
    ],
    policy: POLICY,
    principals,
  });
}, 60_000);
afterAll(() => fixture?.[Symbol.asyncDispose]());

const rowCount = (answer: readonly Buffer[]) => answer.filter((message) => typeOf(message) === "D").length;
const errorsIn = (answer: readonly Buffer[]) => answer.filter((message) => typeOf(message) === "E");
const spent = (name: string, counter: string) => fixture.harness.spent(`few-${name}`, counter);

describe("budgets through the gateway", () => {
  it("rows: exactly as many as allowed reach the client, then none, and the transaction can be ended", async () => {
    await using client = await fixture.wire("rows");
    expect(rowCount(await client.query("select id from customers order by id limit 10"))).toBe(10);
    const cut = await client.query("select id from customers order by id limit 40");
    expect(rowCount(cut)).toBe(15);
    expect(errorIn(cut)).toMatchObject({
      code: "53400",
      message: "stopped before prod-db: your budget of 25 rows in 1 h is spent [few-rows]",
      detail: expect.stringContaining("The rest of the result is withheld."),
      hint: "Enough of it is free again at 14:32 UTC on 2030-01-02. tw budgets list",
    });
    const refused = await client.query("select 1");
    expect(errorIn(refused)).toMatchObject({ code: "53400", detail: "Not executed. The session is open." });
    expect(types(await client.query("begin"))).toBe("C Z");
    expect(types(await client.query("rollback"))).toBe("C Z");
    expect(types(await client.query("set application_name = 'x'"))).toMatch(/C (S )?Z$/);
  });

  it("rows by the extended protocol and by COPY count alike", async () => {
    await using client = await fixture.wire("ten");
    client.send(parse("select id from customers limit 60"), bind(), execute(), sync);
    expect(rowCount(await client.until("Z"))).toBe(60);
    const copied = await client.query("copy (select id from customers limit 60) to stdout");
    expect(copied.filter((message) => typeOf(message) === "d")).toHaveLength(40);
    expect(errorIn(copied)?.code).toBe("53400");
    await fixture.harness.budgets.tidy(0);
    expect(spent("ten", "rows")).toBe(100);
  });

  it("bytes: never more than allowed, as they are after masking", async () => {
    await using client = await fixture.wire("bytes");
    const answer = await client.query("select email, repeat('x', 50) from customers");
    const sent = answer.filter((message) => typeOf(message) === "D").reduce((sum, { length }) => sum + length, 0);
    expect(sent).toBeGreaterThan(1800);
    expect(sent).toBeLessThanOrEqual(2000);
    expect(errorIn(answer)?.code).toBe("53400");
  });

  it("cells: what is masked whole, and NULL, is free", async () => {
    await using client = await fixture.wire("cells");
    expect(rowCount(await client.query("select ssn from customers limit 100"))).toBe(100);
    expect(rowCount(await client.query("select email, ssn from customers order by id limit 4"))).toBe(4);
    const cut = await client.query("select email, ssn, null from customers order by id limit 10");
    expect(rowsIn(cut).map((row) => row[0])).toEqual(["***@example.com", "***@example.com", "***@example.com"]);
    expect(errorIn(cut)).toMatchObject({ message: expect.stringContaining("your budget of 7 values of pii.* in 1 h") });
    expect(errorIn(await client.query("select email from customers limit 1"))?.code).toBe("53400");
    expect(rowCount(await client.query("select country, ssn from customers limit 5"))).toBe(5);
  });

  it("errors: as many as allowed, none of them a refusal of ours, also when they are sent all at once", async () => {
    await using client = await fixture.wire("errors");
    expect(errorIn(await client.query("copy customers to '/x'"))?.code).toBe("42501");
    const oracle = (id: number) => `select 1 / (case when id < ${id} then 0 else 1 end) from customers where id = 1`;
    expect(errorIn(await client.query("select nothing"))?.code).toBe("42703");
    client.send(
      ...Array.from({ length: 10 }, (_, index) => ({ name: "Query", sql: oracle(9 + index), exact: true }) as const),
    );
    const answers = await client.until("Z", 10);
    const codes = errorsIn(answers).map((message) => errorIn([message])?.code);
    expect(codes.filter((code) => code !== "53400")).toHaveLength(2);
    expect(codes).toHaveLength(10);
    expect(types(await client.query("rollback"))).toMatch(/C Z$/);
  });

  it("uses: a comparison counts once per literal, in any way it is sent", async () => {
    await using client = await fixture.wire("uses");
    const lookup = "select id from customers where email in ('user1@example.com', 'nobody')";
    expect(rowsIn(await client.query(lookup))).toEqual([["1"]]);
    client.send(
      parse("select id from customers where email = any($1)"),
      bind({ values: ["{user1@example.com,user2@example.com}"] }),
      execute(),
      sync,
    );
    expect(rowCount(await client.until("Z"))).toBe(2);
    expect(errorIn(await client.query(lookup))).toMatchObject({
      message: expect.stringContaining("your budget of 5 uses of pii.* to choose rows in 1 h is spent"),
    });
    expect(rowCount(await client.query("select id from customers where id = 5"))).toBe(1);
  });

  it("distinct: the same value again is free, a new one beyond the limit is refused, shown or not", async () => {
    await using client = await fixture.wire("distinct");
    const find = (id: number) => client.query(`select country from customers where email = 'user${id}@example.com'`);
    for (const id of [1, 2, 1, 3, 2, 3]) expect(rowCount(await find(id))).toBe(1);
    client.send(
      parse("select 1 from customers where email = $1"),
      bind({ values: ["user1@example.com"] }),
      execute(),
      sync,
    );
    expect(rowCount(await client.until("Z"))).toBe(1);
    expect(errorIn(await find(4))).toMatchObject({
      message: expect.stringContaining("your budget of 3 different values of pii.* asked for in 1 h is spent"),
    });
    await using other = await fixture.wire("distinct");
    expect(errorIn(await other.query("select 1 from customers where email in ('user1@example.com', 'x')"))?.code).toBe(
      "53400",
    );
    expect(rowCount(await find(1))).toBe(1);
  });

  it("ends the session where the policy says so", async () => {
    await using client = await fixture.wire("end");
    client.send({ name: "Query", sql: "select id from customers", exact: true });
    const answer = await client.rest();
    expect(rowCount(answer)).toBe(3);
    expect(errorIn(answer)).toMatchObject({ severity: "FATAL", code: "53400" });
  });

  it("asks a person where the policy says so, and lets that one statement pass", async () => {
    await using client = await fixture.wire("asks");
    const sql = "select id from customers order by id limit 3";
    expect(rowCount(await client.query(sql))).toBe(3);
    const ticket = fixture.harness.nextReview();
    expect(errorIn(await client.query(sql))).toMatchObject({
      code: "42501",
      message: expect.stringContaining("needs a person"),
    });
    const id = await ticket;
    expect(fixture.harness.reviews.get(id)?.request.reason).toBe("its budget of 3 rows in 1 h is spent");
    await fixture.harness.decide(id, "approve", "mia", "");
    expect(rowCount(await client.query(sql))).toBe(3);
  });
});

describe.each(["names", "server"] as const)("where labels follow by %s", (lineage) => {
  it("a use behind a view counts before a row is shown", async () => {
    await using own = await startFixture({
      sql: [
        "create table customers (id int primary key, email text)",
        "insert into customers select i, 'user' || i || '@example.com' from generate_series(1, 20) i",
        "create view shown as select id, email as mail from customers",
        "create view found as select id from customers where email = 'user7@example.com'",
      ],
      policy: POLICY,
      principals,
      lineage,
    });
    await using client = await own.wire("views");
    const asked = ["select id from shown where mail = 'user1@example.com'", "select id from found"];
    for (const sql of asked) expect(rowCount(await client.query(sql))).toBe(1);
    for (const sql of asked) {
      const answer = await client.query(sql);
      expect(rowCount(answer)).toBe(0);
      expect(errorIn(answer)).toMatchObject({ code: "53400", message: expect.stringContaining("2 uses of pii.*") });
    }
  });
});

describe("ten sessions of one principal at once", () => {
  it("together get exactly what is allowed", async () => {
    const before = spent("parallel", "rows");
    expect(before).toBe(0);
    await fixture.harness.setPolicies([
      { name: "policy.yaml", source: POLICY.replace("few-ten", "few-parallel").replace("rows: 100", "rows: 333") },
    ]);
    const clients = await Promise.all(Array.from({ length: 10 }, () => fixture.wire("ten")));
    const read = async (client: WireClient): Promise<number> => {
      let rows = 0;
      for (;;) {
        const answer = await client.query("select id from customers limit 17");
        rows += rowCount(answer);
        if (errorsIn(answer).length > 0) return rows;
      }
    };
    const counts = await Promise.all(clients.map(read));
    for (const client of clients) await client[Symbol.asyncDispose]();
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(total).toBeLessThanOrEqual(333);
    await fixture.harness.budgets.tidy(0);
    expect(spent("parallel", "rows")).toBe(total);
    expect(total).toBeGreaterThan(250);
  });
});

describe("canaries", () => {
  const hits = () => fixture.harness.events.filter((event) => event.type === "canary");
  const audited = () => fixture.harness.audit.filter(({ type }) => type === "canary.hit");

  const ways: readonly (readonly [string, (client: WireClient) => void])[] = [
    ["simple", (client) => client.send({ name: "Query", sql: "select * from bait order by id", exact: true })],
    [
      "binary",
      (client) => client.send(parse("select number from bait order by id"), bind({ formats: [1] }), execute(), sync),
    ],
    ["copy", (client) => client.send({ name: "Query", sql: "copy bait to stdout", exact: true })],
    [
      "csv",
      (client) =>
        client.send({
          name: "Query",
          sql: "copy (select code, id from bait) to stdout (format csv, force_quote *)",
          exact: true,
        }),
    ],
    [
      "binary copy",
      (client) => client.send({ name: "Query", sql: "copy bait (number) to stdout (format binary)", exact: true }),
    ],
    [
      "a cursor",
      (client) =>
        client.send({
          name: "Query",
          sql: "begin; declare c cursor for select code from bait; fetch all from c",
          exact: true,
        }),
    ],
  ];

  it.each(ways)("ends the session before the row is shown: %s", async (_, send) => {
    const [before, told] = [hits().length, audited().length];
    await using client = await fixture.wire("meets");
    send(client);
    const answer = await client.rest();
    expect(errorIn(answer)).toMatchObject({
      severity: "FATAL",
      code: "42501",
      message: expect.stringContaining("[planted-mail]"),
      detail: "Its row was not shown. What was not committed is rolled back by the server.",
    });
    expect(Buffer.concat(answer).includes(CANARY)).toBe(false);
    expect(Buffer.concat(answer).includes("51")).toBe(false);
    expect(typeOf(answer.at(-1) ?? Buffer.from("?"))).toBe("E");
    const [hit] = hits().slice(before) as Extract<SessionEvent, { type: "canary" }>[];
    expect(hit).toMatchObject({ canary: "planted-mail", label: "pii.code", onHit: "end" });
    expect(hit?.fingerprint).toMatch(/^[0-9a-f]{32}/);
    await eventually(() => audited().length > told || undefined);
    expect(audited().at(-1)).toMatchObject({
      principalId: "prn_meets",
      resourceId: "res_1",
      data: { principal: "meets", resource: "prod-db", canary: "planted-mail", fingerprint: hit?.fingerprint ?? "" },
    });
    expect(JSON.stringify([hit, audited().at(-1)])).not.toContain(CANARY);
  });

  it("only tells where the policy says so, once per statement, and shows the row", async () => {
    const before = hits().length;
    await using client = await fixture.wire("alert");
    const answer = await client.query(
      "select email from customers where id > 1990 union all select email from customers where id > 1990",
    );
    expect(rowCount(answer)).toBe(2);
    expect(errorsIn(answer)).toEqual([]);
    expect(hits().slice(before)).toMatchObject([{ canary: "watched-mail", onHit: "alert" }]);
  });

  it("means nothing for those that are excepted, nor where no column carries the label", async () => {
    const before = hits().length;
    await using backup = await fixture.wire("backup");
    expect(rowCount(await backup.query("select * from bait"))).toBe(52);
    await using client = await fixture.wire("meets");
    expect(rowCount(await client.query("select id, email from bait"))).toBe(52);
    expect(hits()).toHaveLength(before);
  });
});
