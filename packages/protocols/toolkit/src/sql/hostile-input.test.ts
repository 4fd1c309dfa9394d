import { MAX_SQL_BYTES } from "@tidewaiter/core/sql-facts";
import { afterAll, describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";
import { createClassifierWorker } from "./classify-in-worker.ts";

const classifier = await loadClassifier();
const worker = createClassifierWorker();
afterAll(() => worker.close());

describe("refusals", () => {
  it.each([
    ["selct 1", 'syntax error at or near "selct"', 1],
    ["select 'é😀' frm x y", 'syntax error at or near "x"', 17],
    ["select 'a", 'unterminated quoted string at or near "\'a"', 8],
    ["select (", "syntax error at end of input", 9],
  ])("syntax: %s", (sql, message, position) => {
    expect(classifier.classify(sql)).toEqual({ ok: false, reason: "syntax", message, position });
  });

  it("too large, by bytes and not by characters", () => {
    expect(classifier.classify(`select '${"a".repeat(1024 * 1024)}'`)).toMatchObject({
      ok: false,
      reason: "too_large",
    });
    expect(classifier.classify(`select '${"é".repeat(MAX_SQL_BYTES / 2)}'`)).toMatchObject({
      ok: false,
      reason: "too_large",
    });
    expect(classifier.classify(`select '${"a".repeat(MAX_SQL_BYTES - 9)}'`)).toMatchObject({ ok: true });
  });

  it("NUL, which would hide the rest of the text from the parser", () => {
    expect(classifier.classify("select 1\0; drop table a")).toMatchObject({ ok: false, reason: "nul" });
  });

  it.each([
    ["parentheses", `select ${"(".repeat(10_000)}1${")".repeat(10_000)}`, "too_deep"],
    ["sub-selects", `select ${"(select ".repeat(900)}1${")".repeat(900)}`, "too_deep"],
    ["additions", `select 1${"+x".repeat(60_000)}`, "too_deep"],
    ["minus signs", `select ${"- ".repeat(20_000)}1`, "syntax"],
  ])("nesting of %s leaves the parser well", async (_name, sql, reason) => {
    for (let round = 0; round < 5; round++) {
      expect(classifier.classify(sql)).toMatchObject({ ok: false, reason });
      expect(classifier.classify(`select ${round}`)).toMatchObject({ ok: true });
    }
    await classifier.settled();
    expect(classifier.classify("select email from customers")).toMatchObject({ ok: true });
  });

  it("stars over stars end within the budget", () => {
    let sql = "select 1 as a, 2 as b";
    for (let depth = 0; depth < 30; depth++) sql = `select *, * from (${sql}) x`;
    expect(classifier.classify(sql)).toMatchObject({ ok: false, reason: "analyser" });
  });

  it("nested recursive CTEs end within the budget", () => {
    let sql = "select 1 as x";
    for (let depth = 0; depth < 40; depth++)
      sql = `with recursive r as (${sql} union all select x from r) select x from r`;
    expect(classifier.classify(sql)).toMatchObject({ ok: false });
  });
});

describe("worker", () => {
  it("answers as the inline classifier does", async () => {
    const sql = `select id from customers where ssn in (${Array.from({ length: 2000 }, (_, i) => `'${i}'`).join(",")})`;
    expect(await worker.classifyInWorker(sql, { deadlineMs: 20_000 })).toEqual(classifier.classify(sql));
  });

  it("refuses what misses the deadline, and serves the next statement", async () => {
    const terms = Array.from({ length: 50_000 }, () => "x=1").join(" or ");
    const late = `select 1 from t where ${terms}`.slice(0, MAX_SQL_BYTES - 8);
    const heavy = `${late.slice(0, late.lastIndexOf(" or "))}`;
    const [first, second] = await Promise.all([
      worker.classifyInWorker(heavy, { deadlineMs: 1 }),
      worker.classifyInWorker("select 1", { deadlineMs: 20_000 }),
    ]);
    expect(first).toMatchObject({ ok: false, reason: "analyser" });
    expect(second).toMatchObject({ ok: true });
  });

  it("50,000 terms are beyond the size limit", async () => {
    const sql = `select 1 from t where ${Array.from({ length: 50_000 }, (_, i) => `x=${i}`).join(" or ")}`;
    expect(await worker.classifyInWorker(sql)).toMatchObject({ ok: false, reason: "too_large" });
  });

  it("refuses after close and settles what waited", async () => {
    const other = createClassifierWorker();
    const waiting = [other.classifyInWorker("select 1"), other.classifyInWorker("select 2")];
    await other.close();
    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ ok: false, reason: "analyser" });
    expect(await other.classifyInWorker("select 3")).toMatchObject({ ok: false, reason: "analyser" });
  });
});
