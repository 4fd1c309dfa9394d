import { describe, expect, it } from "vitest";
import type { Bench, BenchOptions } from "./bench.ts";
import { bind, done, execute, failed, field, parse, query, ready, rowOf, SYNC } from "./bench.ts";
import { bench, REVIEW } from "./policy-bench.ts";

const golden = (made: Bench, name: string) =>
  expect(`${made.transcript.join("\n")}\n`).toMatchFileSnapshot(`../transcripts/${name}.txt`);
const opened = {
  type: "review_opened",
  reviewId: "rev_1",
  shortId: "7Q2H",
  link: "https://gw.example/r/7Q2H",
  expiresAt: "1970-01-01T00:30:00Z",
} as const;
const approved = {
  type: "review_approved",
  reviewId: "rev_1",
  shortId: "7Q2H",
  reviewers: ["mia"],
  comment: "ticket 812",
} as const;

describe("replies in order", () => {
  it("an error skips to Sync, and a refusal behind it with it", async () => {
    const made = bench()
      .client(parse("select 1/0"), bind(), execute(), parse("delete from customers"), SYNC, query("select 1"))
      .target({ name: "ParseComplete" }, failed("22012"), ready())
      .target({ name: "RowDescription", fields: [field("x", 0)] }, rowOf("1"), done("SELECT 1"), ready());
    await golden(made, "error-skips-refusal");
    expect(made.events.filter(({ type }) => type === "operation_finished")).toHaveLength(3);
  });

  it("a refusal in a pipeline is rewritten at its place", async () => {
    const made = bench()
      .client(query("select 1"), query("delete from customers"), query("select 2"))
      .target(done("SELECT 0"), ready(), failed("42601"), ready(), done("SELECT 0"), ready());
    await golden(made, "refusal-in-pipeline");
  });

  it("notices, notifications and parameters may come anywhere", async () => {
    const notice = {
      name: "NoticeResponse",
      fields: { severity: "NOTICE", severityLocalized: "NOTICE", code: "00000", message: "m" },
    } as const;
    const made = bench()
      .client(query("select id from customers"))
      .target(notice, { name: "ParameterStatus", parameter: "TimeZone", value: "UTC" })
      .target({ name: "RowDescription", fields: [field("id", 1)] }, rowOf("1"))
      .target(
        { name: "NotificationResponse", processId: 1, channel: "c", payload: "secret" },
        done("SELECT 1"),
        notice,
        ready(),
      );
    await golden(made, "asynchronous-messages");
    expect(made.sent("client").includes("secret")).toBe(false);
  });

  it("answers that nobody asked for end the session", () => {
    for (const stray of [done("SELECT 1"), ready(), rowOf("1"), { name: "ParseComplete" } as const]) {
      const made = bench();
      const take = (): unknown => made.target(stray).effects.find((effect) => effect.type === "close");
      if (stray.name === "DataRow") expect(take).toThrow("nobody asked");
      else expect(take()).toBeDefined();
    }
  });
});

describe("COPY FROM STDIN", () => {
  it("a Sync within the data is not owed an answer, one behind it is", async () => {
    const made = bench()
      .client(parse("copy customers from stdin"), bind(), execute(), SYNC)
      .client({ name: "CopyData", data: Buffer.from("1\tx\n") }, { name: "CopyDone" }, SYNC, query("select 1"))
      .target(
        { name: "ParseComplete" },
        { name: "BindComplete" },
        { name: "CopyInResponse", format: 0, columnFormats: [0, 0] },
      )
      .target(done("COPY 1"), ready(), done("SELECT 0"), ready());
    await golden(made, "copy-in-pipelined");
  });
});

describe("questions of our own", () => {
  const copy = "copy (select email from customers) to stdout";

  it("are asked with Sync before a simple Query, and their answers go nowhere", async () => {
    const made = bench()
      .client(query(copy))
      .target(
        { name: "ParseComplete" },
        { name: "ParameterDescription", typeOids: [] },
        { name: "RowDescription", fields: [field("email", 2)] },
      )
      .target({ name: "CloseComplete" }, ready())
      .target(
        { name: "CopyOutResponse", format: 0, columnFormats: [0] },
        { name: "CopyData", data: Buffer.from("a@b.c\n") },
      )
      .target({ name: "CopyDone" }, done("COPY 1"), ready());
    await golden(made, "probe-before-query");
    expect(made.sent("client").includes("a@b.c")).toBe(false);
  });

  it("are asked with Flush within a batch, never with Sync", async () => {
    const made = bench()
      .client(parse(copy), bind(), execute(), SYNC)
      .target({ name: "ParseComplete" }, { name: "BindComplete" }, { name: "ParseComplete" })
      .target(
        { name: "ParameterDescription", typeOids: [] },
        { name: "RowDescription", fields: [field("email", 2)] },
        { name: "CloseComplete" },
      )
      .target(
        { name: "CopyOutResponse", format: 0, columnFormats: [0] },
        { name: "CopyDone" },
        done("COPY 0"),
        ready(),
      );
    await golden(made, "probe-within-batch");
  });

  it("an error before one in its batch settles it", async () => {
    const made = bench()
      .client(parse("select 1", "s"), bind("s", "p"), parse(copy), bind(), execute(), SYNC)
      .target(failed("42P05"), ready())
      .client(query("select 1"))
      .target(done("SELECT 0"), ready());
    await golden(made, "error-settles-probe");
  });

  it("an estimate is asked only where it may lift a review", async () => {
    const needs = bench({
      needsEstimate: () => true,
      verdict: (operation) =>
        operation.type === "sql" && (operation.estimatedRows ?? Number.POSITIVE_INFINITY) > 10
          ? { outcome: "review", ruleId: "big", reason: "many rows", review: REVIEW }
          : {},
    });
    needs
      .client(query("select id from customers"))
      .target(
        { name: "RowDescription", fields: [field("QUERY PLAN", 0)] },
        rowOf('[{"Plan": {"Node Type": "Seq Scan", "Plan Rows": 3}}]'),
      )
      .target(done("EXPLAIN"), ready())
      .target({ name: "RowDescription", fields: [field("id", 1)] }, done("SELECT 0"), ready());
    await golden(needs, "estimate");
  });

  it("a failed estimate in a transaction is the client's own error", async () => {
    const asks: BenchOptions = {
      needsEstimate: () => true,
      verdict: (operation) =>
        operation.type === "sql" && operation.facts.kind === "SELECT"
          ? { outcome: "review", ruleId: "big", review: REVIEW }
          : {},
    };
    const made = bench(asks)
      .client(query("begin"))
      .target(done("BEGIN"), ready("T"))
      .client(query("select id from customers"))
      .target(failed("42P01"), ready("E"), failed("42601"), ready("E"));
    await golden(made, "estimate-fails-in-transaction");
    expect(made.asks.size).toBe(0);
  });
});

describe("a held statement", () => {
  const update = query("update customers set id = 1 where id = 2");

  it("keeps what comes behind it, in order, until it is approved", async () => {
    const made = bench().client(update, query("select 1"));
    expect(made.sent("target")).toHaveLength(0);
    expect(made.inspector.backlog.client).toBeGreaterThan(0);
    made
      .answer(1, opened)
      .answer(7, approved)
      .answer(1, approved)
      .target(done("UPDATE 1"), ready(), done("SELECT 0"), ready());
    await golden(made, "hold-approved");
    expect(made.inspector.backlog.client).toBe(0);
  });

  it("is answered as canceled after Ctrl-C, and a late approval means nothing", async () => {
    const made = bench().client(update).answer(1, opened).cancel().answer(1, approved).target(failed("42601"), ready());
    await golden(made, "hold-canceled");
  });

  it.each(["terminate", "client", "target"] as const)("is withdrawn and nothing more is sent: %s", (how) => {
    const made = bench().client(update, query("select 1")).answer(1, opened);
    if (how === "terminate") made.client({ name: "Terminate" });
    else made.ended(how);
    expect(made.effects.some((effect) => effect.type === "withdraw")).toBe(true);
    expect(made.effects.some((effect) => effect.type === "close")).toBe(true);
    expect(made.sent("target").toString("latin1")).toBe(how === "terminate" ? "X\0\0\0\x04" : "");
  });

  it("is withdrawn when an error before it in its batch skips it", async () => {
    const made = bench()
      .client(
        parse("select 1", "s"),
        bind("s", "p"),
        execute("p"),
        parse("update customers set id = 1"),
        bind(),
        execute(),
        SYNC,
      )
      .answer(1, opened)
      .target({ name: "ParseComplete" }, { name: "BindComplete" }, failed("22012"), ready())
      .answer(1, approved);
    await golden(made, "hold-skipped");
  });
});
