import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import { type CommandResult, eventually, hasCommand, runPsql, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { errorIn, fieldsOf, rowsIn, types } from "../wire/transcript.ts";
import {
  bind,
  execute,
  extended,
  flush,
  parse,
  query,
  sendCancel,
  sync,
  typeOf,
  type WireClient,
} from "../wire/wire-client.ts";
import { type Fixture, startFixture } from "./labelled.ts";

/** Decision 6: a statement that waits for a person, seen from both ends. */

const POLICY = `
version: 1
rules:
  - id: changes-need-a-person
    reason: changes cargo
    when: 'sql.relations.exists(r, r.name == "cargo" && r.access == "write")'
    review: { by: ["group:owners"], count: 1, expires: 10m }
    in_transaction: { hold: 2m }
  - id: tariffs-need-a-person
    when: 'sql.relations.exists(r, r.name == "tariff" && r.access == "write")'
    review: { by: ["group:owners"], count: 1, expires: 10m }
    in_transaction: refuse
`;

const HELD = "update cargo set owner = 'held' where id = 1";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({
    sql: ["create table cargo (id int primary key, owner text)", "create table tariff (id int)"],
    policy: POLICY,
  });
});
afterAll(() => fixture?.[Symbol.asyncDispose]());
let connectionsBefore = 0;
beforeEach(async () => {
  connectionsBefore = fixture.tap.connections.length;
  await fixture.server.sql("truncate cargo; insert into cargo values (1, 'free'), (2, 'free')");
});

const owner = async (id = 1) => (await fixture.server.sql(`select owner from cargo where id = ${id}`))[0]?.owner;
const reviewOf = (id: string) => fixture.harness.reviews.get(id);
const withdrawn = (id: string) => eventually(() => reviewOf(id)?.state === "withdrawn");
/** Whether the held statement went to the server, on any connection of this test. */
const reachedTarget = (text = "'held'") =>
  fixture.tap.connections.slice(connectionsBefore).some(({ toTarget }) => toTarget.includes(text));
const backends = async () =>
  Number(
    (await fixture.server.sql("select count(*) from pg_stat_activity where application_name like '%(ana)'"))[0]?.count,
  );

/** Sends as ana, who is a person, and waits until the review is open and its notice was read. */
async function holding(
  client: WireClient,
  ...messages: readonly FrontendMessage[]
): Promise<{ review: string; before: Buffer[]; notice: Buffer }> {
  const opened = fixture.harness.nextReview();
  client.send(...messages);
  const review = await opened;
  const before = await client.until("N");
  return { review, before: before.slice(0, -1), notice: before.at(-1) ?? Buffer.alloc(0) };
}

/** Completes what came before the notice to `count` messages. */
async function answers(client: WireClient, before: readonly Buffer[], count: number): Promise<Buffer[]> {
  const all = [...before];
  while (all.length < count) all.push(await client.next());
  return all;
}

describe("held", () => {
  it("approved by a second principal: the notices of messages.md, then the server's own answer", async () => {
    const marker = "'first'";
    await using client = await fixture.wire("ana");
    const { review, notice } = await holding(client, query(`update cargo set owner = ${marker} where id = 1`));
    expect(reachedTarget(marker)).toBe(false);
    expect(fieldsOf(notice)).toMatchObject({
      severity: "NOTICE",
      message: "waiting for a person; this statement has NOT run [changes-need-a-person]",
      detail: expect.stringMatching(/^Asked: owners\. Ends \d\d:\d\d UTC\.$/),
      hint: expect.stringMatching(/^https:\/\/gw\.example\/r\/\w+ {2}Ctrl-C withdraws\.$/),
    });
    expect(await owner()).toBe("free");
    await fixture.harness.decide(review, "approve", "mia", "ticket 812");
    const answer = await client.until("Z");
    expect(types(answer)).toBe("N C Z");
    expect(fieldsOf(answer[0] ?? Buffer.alloc(0)).message).toBe('approved by mia: "ticket 812". Running.');
    expect(answer[1]?.toString("latin1", 5)).toBe("UPDATE 1\0");
    expect(await owner()).toBe("first");
    expect(reviewOf(review)?.state).toBe("consumed");
  });

  it("rejected: 42501 with who and why; the session goes on", async () => {
    await using client = await fixture.wire("ana");
    const { review } = await holding(client, query(HELD));
    await fixture.harness.decide(review, "reject", "mia", "not on a Friday");
    const answer = await client.until("Z");
    expect(errorIn(answer)).toMatchObject({
      code: "42501",
      message: 'rejected by mia: "not on a Friday" [changes-need-a-person]',
      detail: "Not executed. The session is open.",
    });
    expect(rowsIn(await client.query("select owner from cargo where id = 1"))).toEqual([["free"]]);
    expect(reachedTarget()).toBe(false);
  });

  it("nobody decided: refused, and said so", async () => {
    await using client = await fixture.wire("ana");
    const { review } = await holding(client, query(HELD));
    await fixture.harness.expire(review);
    expect(errorIn(await client.until("Z"))).toMatchObject({
      code: "42501",
      message: "nobody decided in time; the request has ended [changes-need-a-person]",
    });
    expect(types(await client.query("select 1"))).toBe("T D C Z");
    expect(reachedTarget()).toBe(false);
  });

  it("CancelRequest withdraws it and gives 57014, as of a running statement", async () => {
    await using client = await fixture.wire("ana");
    const { review } = await holding(client, query(HELD));
    await sendCancel(fixture.harness.port, client.key);
    expect(errorIn(await client.until("Z"))).toMatchObject({
      code: "57014",
      message: "canceling statement due to user request",
    });
    await withdrawn(review);
    await fixture.harness.decide(review, "approve", "mia", "too late");
    expect(types(await client.query("select 1"))).toBe("T D C Z");
    expect(reachedTarget()).toBe(false);
    expect(await owner()).toBe("free");
  });

  for (const [how, leave] of Object.entries({
    "killed (reset)": (client: WireClient) => client.vanish(),
    "closing properly (Terminate)": (client: WireClient) => client[Symbol.asyncDispose](),
  })) {
    it(`a client ${how} while held: withdrawn, and the target is left without the statement`, async () => {
      const client = await fixture.wire("ana");
      const { review } = await holding(client, query(HELD));
      await leave(client);
      await withdrawn(review);
      await eventually(async () => (await backends()) === 0);
      for (const text of ["'held'", "tidewaiter_refused"]) expect(reachedTarget(text)).toBe(false);
      expect(await owner()).toBe("free");
    });
  }

  it("a client that sent more and then left: none of it is run", async () => {
    const client = await fixture.wire("ana");
    const { review } = await holding(client, query(HELD));
    client.send(query("select 'queued behind'"));
    await client[Symbol.asyncDispose]();
    await withdrawn(review);
    await eventually(async () => (await backends()) === 0);
    for (const text of ["'held'", "queued behind", "tidewaiter_refused"]) expect(reachedTarget(text)).toBe(false);
  });

  it("the target's backend is terminated while held: its FATAL passes, the review is withdrawn", async () => {
    const client = await fixture.wire("ana");
    const { review } = await holding(client, query(HELD));
    await fixture.server.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%(ana)'",
    );
    const rest = await client.rest();
    expect(errorIn(rest)).toMatchObject({ severity: "FATAL", code: "57P01" });
    await withdrawn(review);
    expect(reachedTarget()).toBe(false);
  });

  it("the target's connection is torn while held: a readable FATAL, the review is withdrawn", async () => {
    const client = await fixture.wire("ana");
    const { review } = await holding(client, query(HELD));
    fixture.tap.connections.at(-1)?.cut();
    expect(errorIn(await client.rest())).toMatchObject({
      severity: "FATAL",
      code: "08006",
      message: "prod-db closed the connection",
    });
    await withdrawn(review);
  });

  it("what the client sends meanwhile waits its turn, and is run in order", async () => {
    await using client = await fixture.wire("ana");
    const { review } = await holding(client, query("update cargo set owner = 'then' where id = 2"));
    client.send(query("select owner from cargo where id = 2"), ...extended("select 'last'"), sync);
    await fixture.harness.decide(review, "approve", "mia", "");
    const answer = await client.until("Z", 3);
    expect(types(answer)).toBe("N C Z T D C Z 1 2 T D C Z");
    expect(rowsIn(answer)).toEqual([["then"], ["last"]]);
  });

  it("more than 64 KiB sent meanwhile is not read any further, and nothing is lost", async () => {
    await using client = await fixture.wire("ana");
    const { review } = await holding(client, query("update cargo set owner = 'big' where id = 2"));
    const filler = `select '${"x".repeat(200_000)}'`;
    for (let n = 0; n < 20; n++) client.send(query(filler));
    await fixture.harness.decide(review, "approve", "mia", "");
    expect(types(await client.until("Z", 21))).toBe(`N C Z${" T D C Z".repeat(20)}`);
  });

  it("in a transaction: the notice says that locks are kept, and how long at most", async () => {
    await using client = await fixture.wire("ana");
    await client.query("begin");
    await client.query("select * from cargo where id = 1 for update");
    const { review, notice } = await holding(client, query(HELD));
    expect(fieldsOf(notice).hint).toContain("You are in a transaction holding locks: limit 2 min.");
    const request = reviewOf(review)?.request;
    expect(request?.inTransaction).toBe(true);
    expect(Date.parse(request?.expiresAt ?? "") - Date.now()).toBeLessThanOrEqual(120_000);
    await fixture.harness.decide(review, "reject", "mia", "no");
    const answer = await client.until("Z");
    expect(errorIn(answer).detail).toContain("Your transaction is now aborted");
    expect(answer.at(-1)?.toString("latin1", 5)).toBe("E");
    expect(errorIn(await client.query("select 1")).code).toBe("25P02");
    await client.query("rollback");
  });

  it("in_transaction: refuse", async () => {
    await using client = await fixture.wire("ana");
    await client.query("begin");
    const answer = await client.query("delete from tariff where id = 1");
    expect(errorIn(answer)).toMatchObject({
      code: "42501",
      message: expect.stringContaining("is not held inside a transaction"),
    });
    expect(answer.at(-1)?.toString("latin1", 5)).toBe("E");
    await client.query("rollback");
  });

  it("in a batch: earlier results arrive first, and all of it commits together", async () => {
    await using client = await fixture.wire("ana");
    const { review, before } = await holding(
      client,
      ...extended("update cargo set owner = 'batch' where id = 2"),
      ...extended("select 'after'"),
      sync,
    );
    // Execute is what waits: Parse, Bind and Describe are answered meanwhile, before or after the notice
    expect(types(await answers(client, before, 3))).toBe("1 2 n");
    await fixture.harness.decide(review, "approve", "mia", "");
    expect(types(await client.until("Z"))).toBe("N C 1 2 T D C Z");
    expect(await owner(2)).toBe("batch");
  });

  it("rejected in the middle of a batch: the write before it is undone, the rest skipped", async () => {
    await using client = await fixture.wire("ana");
    await fixture.server.sql("create table if not exists log (line text)");
    const { review, before } = await holding(
      client,
      ...extended("insert into log values ('x')"),
      ...extended(HELD),
      ...extended("select 1"),
      sync,
    );
    expect(types(await answers(client, before, 7))).toBe("1 2 n C 1 2 n");
    await fixture.harness.decide(review, "reject", "mia", "");
    expect(types(await client.until("Z"))).toBe("E Z");
    expect(await fixture.server.sql("select count(*)::int as n from log")).toEqual([{ n: 0 }]);
  });

  it("with Flush and no Sync, and a prepared statement run twice: each run is asked for", async () => {
    await using client = await fixture.wire("ana");
    client.send(parse("update cargo set owner = $1 where id = 2", "u"), sync);
    await client.until("Z");
    for (const value of ["one", "two"]) {
      const { review } = await holding(client, bind({ statement: "u", values: [value] }), execute(), flush);
      expect(reviewOf(review)?.request.parameters).toEqual([value]);
      await fixture.harness.decide(review, "approve", "mia", "");
      await client.until("C");
    }
    client.send(sync);
    await client.until("Z");
    expect(await owner(2)).toBe("two");
  });

  it("two identical statements in parallel: one approval, one run", async () => {
    await fixture.server.sql("create table if not exists ran (n int)");
    await using first = await fixture.wire("ana");
    await using second = await fixture.wire("ana");
    const sql = "with c as (update cargo set owner = 'p' where id = 2 returning 1) insert into ran select 1 from c";
    const a = await holding(first, query(sql));
    const b = await holding(second, query(sql));
    expect(reviewOf(a.review)?.request.binding).toBe(reviewOf(b.review)?.request.binding);
    await fixture.harness.decide(a.review, "approve", "mia", "");
    expect(types(await first.until("Z"))).toBe("N C Z");
    await sendCancel(fixture.harness.port, second.key);
    expect(errorIn(await second.until("Z")).code).toBe("57014");
    expect(await fixture.server.sql("select count(*)::int as n from ran")).toEqual([{ n: 1 }]);
  });
});

describe("ticket", () => {
  const change = (value: string) => extended("update cargo set owner = $1 where id = 2", [value]);
  const idIn = (messages: readonly Buffer[]) =>
    /Review (\w+) is asked of owners, until \d\d:\d\d UTC\./.exec(errorIn(messages).detail ?? "")?.[1];

  it("an AI agent is refused at once with an id; approved, the same passes once and nothing else does", async () => {
    await using client = await fixture.wire("robot");
    const opened = fixture.harness.nextReview();
    client.send(...change("robot"), sync);
    const refused = await client.until("Z");
    const review = await opened;
    expect(errorIn(refused)).toMatchObject({
      code: "42501",
      message: "needs a person first; this statement has NOT run [changes-need-a-person]",
    });
    expect(idIn(refused)).toBe(reviewOf(review)?.shortId);
    expect(errorIn(refused).hint).toContain(`tw reviews show ${reviewOf(review)?.shortId}`);
    await fixture.harness.decide(review, "approve", "mia", "");

    const other = fixture.harness.nextReview();
    client.send(...change("other"), sync);
    const otherRefused = await client.until("Z");
    expect(idIn(otherRefused)).toBe(reviewOf(await other)?.shortId);
    expect(await owner(2)).toBe("free");

    client.send(...change("robot"), sync);
    expect(types(await client.until("Z"))).toBe("1 2 n C Z");
    expect(await owner(2)).toBe("robot");

    await fixture.server.sql("update cargo set owner = 'free' where id = 2");
    const again = fixture.harness.nextReview();
    client.send(...change("robot"), sync);
    expect(errorIn(await client.until("Z")).code).toBe("42501");
    expect(await again).not.toBe(review);
    expect(await owner(2)).toBe("free");
  });

  it("asked twice before a decision: the same review", async () => {
    await using client = await fixture.wire("robot");
    const opened = fixture.harness.nextReview();
    client.send(query("delete from cargo where id = 2"), query("delete from cargo where id = 2"));
    const answer = await client.until("Z", 2);
    expect(types(answer)).toBe("E Z E Z");
    const shortId = reviewOf(await opened)?.shortId ?? "none";
    for (const error of answer.filter((message) => typeOf(message) === "E"))
      expect(fieldsOf(error).detail).toContain(shortId);
  });
});

skipUnless(hasCommand("psql"), "psql").describe("held in psql", () => {
  interface Held {
    readonly review: string;
    readonly ended: Promise<CommandResult>;
    readonly interrupt: AbortController;
    readonly told: () => string;
  }

  async function psqlHolding(sql: string, abortWith: NodeJS.Signals = "SIGINT"): Promise<Held> {
    const interrupt = new AbortController();
    const opened = fixture.harness.nextReview();
    let stderr = "";
    const notice = Promise.withResolvers<void>();
    const ended = runPsql({
      port: fixture.harness.port,
      user: "ana",
      password: fixture.harness.secret,
      database: "prod-db",
      args: ["-v", "ON_ERROR_STOP=1", "-c", sql],
      signal: interrupt.signal,
      abortWith,
      onStderr: (chunk) => {
        stderr += chunk.toString();
        if (/^HINT: .*Ctrl-C withdraws/m.test(stderr)) notice.resolve();
      },
    });
    const [review] = await Promise.all([opened, notice.promise]);
    return { review, ended, interrupt, told: () => stderr };
  }

  it("approved: the result arrives in the same psql", async () => {
    const { review, ended } = await psqlHolding("update cargo set owner = 'psql' where id = 1 returning id, owner");
    expect(await owner()).toBe("free");
    await fixture.harness.decide(review, "approve", "mia", "ticket 812");
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout).toContain(" 1 | psql");
    expect(stderr).toMatch(
      /NOTICE: {2}waiting for a person; this statement has NOT run \[changes-need-a-person\]\nDETAIL: {2}Asked: owners\. Ends \d\d:\d\d UTC\.\nHINT: {2}https:\/\/gw\.example\/r\/\w+ {2}Ctrl-C withdraws\.\nNOTICE: {2}approved by mia: "ticket 812"\. Running\.\n$/,
    );
  });

  it("rejected: one plain error", async () => {
    const { review, ended } = await psqlHolding(HELD);
    await fixture.harness.decide(review, "reject", "mia", "no");
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toContain(
      'ERROR:  rejected by mia: "no" [changes-need-a-person]\nDETAIL:  Not executed. The session is open.\n',
    );
  });

  it("Ctrl-C withdraws", async () => {
    const { review, ended, interrupt } = await psqlHolding(HELD);
    interrupt.abort();
    const { stderr } = await ended;
    expect(stderr).toContain("Cancel request sent\n");
    expect(stderr).toContain("ERROR:  canceling statement due to user request\n");
    await withdrawn(review);
    expect(reachedTarget()).toBe(false);
    expect(await owner()).toBe("free");
  });

  it("kill -9 of psql withdraws, and nothing reaches the server", async () => {
    const { review, ended, interrupt } = await psqlHolding(HELD, "SIGKILL");
    interrupt.abort();
    expect((await ended).signal).toBe("SIGKILL");
    await withdrawn(review);
    await eventually(async () => (await backends()) === 0);
    expect(reachedTarget()).toBe(false);
  });
});
