import type { Answer, BudgetLimit, Verdict } from "@tidewaiter/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bench } from "./bench.ts";
import { bind, CATALOG, done, execute, failed, field, parse, query, ready, rowOf, SYNC } from "./bench.ts";
import { bench, REVIEW } from "./policy-bench.ts";

const NEVER = 1e15;
const described = { name: "RowDescription", fields: [field("id", 1)] } as const;
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

const golden = (made: Bench, name: string) =>
  expect(`${made.transcript.join("\n")}\n`).toMatchFileSnapshot(`../transcripts/${name}.txt`);

const limited = (limits: BudgetLimit["limits"], more: Partial<BudgetLimit> = {}, verdict: Partial<Verdict> = {}) => ({
  verdict: () => ({
    budgets: [
      {
        ruleId: "few",
        account: "own",
        per: "principal",
        windowSeconds: 3600,
        limits,
        onExceed: "deny",
        ...more,
      } as const,
    ],
    ...verdict,
  }),
});
const granted = (amounts: Record<string, number>, expiresAt = NEVER): Answer => ({
  type: "budget",
  granted: true,
  amounts,
  expiresAt,
});
const spent = (counter: string): Answer => ({ type: "budget", granted: false, counter, freesAt: 3_600_000 });
const asked = (made: Bench, askId: number) => {
  const ask = made.asks.get(askId);
  if (ask?.type !== "budget") throw new Error(`ask ${askId} is not about a budget`);
  return ask;
};
const least = (made: Bench, askId: number) =>
  Object.fromEntries(Object.entries(asked(made, askId).want).map(([counter, wish]) => [counter, wish.least]));
const returned = (made: Bench) => made.effects.flatMap((effect) => (effect.type === "return_budget" ? [effect] : []));

describe("a budget of rows", () => {
  it("pays before rows are shown: what it cannot pay is withheld", async () => {
    const made = bench(limited({ rows: 2 }))
      .client(query("select id from customers"))
      .answer(1, granted({ rows: 2 }))
      .target(described, rowOf("1"), rowOf("2"), rowOf("3"))
      .answer(2, spent("rows"))
      .target(rowOf("4"), failed("57014"), ready());
    await golden(made, "budget-cut");
  });

  it("shows the beginning of what came at once", () => {
    const made = bench(limited({ rows: 2 }))
      .client(query("select id from customers"))
      .answer(1, granted({ rows: 2 }));
    made.target(described).targetBytes(rows("1", "2", "3", "4"));
    expect(made.transcript.at(-2)).toBe("  < to client 2 rows");
    expect(least(made, 2)).toEqual({ rows: 1 });
    made.answer(2, granted({ rows: 2 }));
    expect(made.transcript.at(-1)).toBe("  < to client 2 rows");
  });

  it.each(["deny", "end", "review"] as const)("a statement when nothing is left: %s", async (onExceed) => {
    const more = { onExceed, ...(onExceed === "review" && { review: REVIEW }) };
    const made = bench(limited({ rows: 2 }, more))
      .client(query("select id from customers"))
      .answer(1, spent("rows"));
    if (onExceed === "review") made.answer(2, opened).answer(2, approved);
    await golden(made, `budget-${onExceed}`);
  });

  it("a result that ended before it could be canceled ends with an error all the same, alone in its string or batch", () => {
    const simple = bench(limited({ rows: 1 }))
      .client(query("select id from customers"))
      .answer(1, granted({ rows: 1 }))
      .target(described, rowOf("1"), rowOf("2"), done("SELECT 2"), ready())
      .answer(2, spent("rows"));
    expect(simple.transcript.filter((line) => /to client/.test(line)).slice(-2)).toEqual([
      expect.stringContaining("ERROR 53400"),
      '  < to client ReadyForQuery status="I"',
    ]);
    const two = bench(limited({ rows: 1 }))
      .client(query("select id from customers; select 2"))
      .answer(1, granted({ rows: 1 }))
      .target(described, rowOf("1"), rowOf("2"), done("SELECT 2"))
      .answer(2, spent("rows"));
    expect(two.transcript.join("\n")).toContain("  close stopped before prod-db");
  });

  it("a statement that only ends a transaction is not stopped", () => {
    const made = bench(limited({ rows: 1, errors: 1 })).client(query("rollback"));
    expect(made.asks.size).toBe(0);
  });

  it("what a statement did not use is given back when it is over", () => {
    const made = bench(limited({ rows: 100 }))
      .client(query("select id from customers"))
      .answer(1, granted({ rows: 10 }))
      .target(described, rowOf("1"), rowOf("2"), rowOf("3"), done("SELECT 3"));
    expect(returned(made)).toEqual([]);
    made.target(ready());
    expect(returned(made)).toEqual([{ type: "return_budget", budget: "few/own", unused: { rows: 7 } }]);
  });

  it("a late lease is given back at the end, and one that ran out before it is used", () => {
    const late = bench(limited({ rows: 2 }))
      .client(parse("select 1/0", "s"), bind("s"), execute(), SYNC)
      .target(failed("42601"));
    late.answer(1, granted({ rows: 5 })).ended("client");
    expect(returned(late)).toContainEqual({ type: "return_budget", budget: "few/own", unused: { rows: 5 } });
    const old = bench(limited({ rows: 2 }))
      .client(query("select id from customers"))
      .answer(1, granted({ rows: 5 }, 4))
      .target(described, rowOf("1"));
    expect(old.transcript.slice(-2)).toEqual(["  return_budget", "  ask 2 budget"]);
  });

  it("never shows more rows or bytes than it was granted, however they come", () => {
    const runs = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 });
    const answers = fc.array(
      fc.record({ rows: fc.integer({ min: 0, max: 9 }), kilobytes: fc.integer({ min: 0, max: 1 }) }),
      {
        minLength: 40,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(runs, answers, (counts, extra) => {
        const made = bench(limited({ rows: 1_000_000, bytes: 1_000_000_000 })).client(
          query("select id from customers"),
        );
        let total = { rows: 0, bytes: 0 };
        let next = 1;
        const settle = () => {
          for (; made.asks.has(next) && next <= extra.length; next++) {
            const want = least(made, next);
            const more = extra[next - 1];
            if (more === undefined || more.rows === 0) {
              made.answer(next, spent("rows"));
              continue;
            }
            const amounts = { rows: (want.rows ?? 0) + more.rows - 1, bytes: (want.bytes ?? 0) + 15 * more.kilobytes };
            total = { rows: total.rows + amounts.rows, bytes: total.bytes + amounts.bytes };
            made.answer(next, granted(amounts));
          }
        };
        settle();
        if (made.transcript.some((line) => line.includes("tidewaiter_refused"))) return;
        made.target(described);
        made.sent("client");
        for (const count of counts) {
          made.targetBytes(rows(...Array.from({ length: count }, (_, index) => String(index))));
          settle();
        }
        const out = made.sent("client");
        expect(countRows(out)).toBeLessThanOrEqual(total.rows);
        expect(out.length).toBeLessThanOrEqual(total.bytes);
        const all = counts.reduce((sum, count) => sum + count, 0);
        if (!made.transcript.includes("  cancel_target") && !made.asks.has(next)) expect(countRows(out)).toBe(all);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a budget of errors", () => {
  const one = limited({ errors: 2 });

  it("is drawn on by errors of the server, not by refusals of ours", () => {
    const made = bench(one)
      .client(query("select 1/0"))
      .answer(1, granted({ errors: 1 }))
      .target(failed("22012"), ready());
    expect(returned(made).at(-1)).toEqual({ type: "return_budget", budget: "few/own", unused: { errors: 0 } });
    made.client(query("select 2")).answer(2, spent("errors")).target(failed("42601"), ready());
    expect(returned(made)).toHaveLength(1);
    expect(made.transcript.join("\n")).toContain("your budget of 2 errors in 1 h is spent [few]");
  });

  it("leaves room for every statement that is under way, and waits for those rather than refuse", () => {
    const made = bench(one).client(query("select 1"), query("select 2"), query("select 3"));
    expect(least(made, 1)).toEqual({ errors: 1 });
    made.answer(1, granted({ errors: 1 }));
    expect(least(made, 2)).toEqual({ errors: 1 });
    made.answer(2, granted({ errors: 1 }));
    expect(least(made, 3)).toEqual({ errors: 1 });
    made.answer(3, spent("errors"));
    expect(made.transcript.join("\n")).not.toContain("refused");
    made.target(done("SELECT 1"), ready()).target(done("SELECT 1"), ready());
    // none of the two was an error, so what was kept for them is enough
    expect(made.transcript.filter((line) => line.startsWith("  < to target Query"))).toHaveLength(3);
    expect(made.asks.size).toBe(3);
  });

  it("is paid for errors of Parse as well", () => {
    const made = bench(one).client(parse("select nothing"), SYNC).target(failed("42703"), ready());
    expect(least(made, 1)).toEqual({ errors: 1 });
  });
});

describe("a budget of uses and values of a label", () => {
  const counted = { counted: [{ label: "pii.email", use: "equality" }] } as const;
  const limits = { "predicates:pii.*": 100, "distinct:pii.*": 100 };
  const options = { catalog: () => CATALOG, ...limited(limits, {}, counted) };
  const values = (made: Bench, askId: number) => asked(made, askId).values["distinct:pii.*"] ?? [];

  it("takes a list of literals once per literal", () => {
    const made = bench(options).client(query("select id from customers where email in ('a', 'b', 'c')"));
    expect(least(made, 1)).toEqual({ "predicates:pii.*": 3 });
    expect(new Set(values(made, 1)).size).toBe(3);
  });

  it("takes a value once, however it is written, and an array in a parameter once per element", () => {
    const first = bench(options).client(query("select id from customers where email = 'it''s'"));
    const parameter = (value: string, sql = "select id from customers where email = $1") =>
      bench(options)
        .client(parse(sql, "s"), bind("s", "", [value]), execute(), SYNC)
        .target({ name: "ParseComplete" }, { name: "BindComplete" });
    const second = parameter("it's");
    expect(values(second, 1)).toEqual(values(first, 1));
    expect(values(parameter("other"), 1)).not.toEqual(values(first, 1));
    const list = parameter("{a,b,c,d}", "select id from customers where email = any($1)");
    expect(least(list, 1)).toEqual({ "predicates:pii.*": 4 });
    expect(new Set(values(list, 1)).size).toBe(4);
  });

  it("takes them once for a statement, and again for the next", () => {
    const made = bench(options)
      .client(query("select id from customers where email = 'a'"))
      .answer(1, granted({ "predicates:pii.*": 5 }));
    expect(made.asks.size).toBe(1);
    made.target(described, done("SELECT 0"), ready());
    expect(returned(made)).toEqual([{ type: "return_budget", budget: "few/own", unused: { "predicates:pii.*": 4 } }]);
    made.client(query("select id from customers where email = 'a'"));
    expect(values(made, 2)).toEqual(values(made, 1));
  });

  it("does not count what is prepared, but what is executed", () => {
    const made = bench(options).client(query("prepare p as select id from customers where email = 'a'"));
    expect(made.asks.size).toBe(0);
    made.target(done("PREPARE"), ready()).client(query("execute p"));
    expect(least(made, 1)).toEqual({ "predicates:pii.*": 1 });
  });
});

function rows(...values: string[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const row = Buffer.alloc(11 + value.length);
      row.write("D");
      row.writeInt32BE(10 + value.length, 1);
      row.writeInt16BE(1, 5);
      row.writeInt32BE(value.length, 7);
      row.write(value, 11);
      return row;
    }),
  );
}

function countRows(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) if (bytes[at] === 0x44) count++;
  return count;
}
