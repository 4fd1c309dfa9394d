import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";
import { numberShape } from "./number-shapes.ts";

const TEMPLATES = [
  "SELECT abalance FROM pgbench_accounts WHERE aid = {n};",
  "select a, b from t where x = {n} and y > {n} or z in ({n}, {n})",
  "UPDATE pgbench_accounts SET abalance = abalance + {n} WHERE aid = {n}",
  "delete from orders where id = {n}",
  "delete from orders where {n} = {n}",
  "select lower(email), {n} from customers where id between {n} and {n} ;  ",
  "insert into t select id from s where id < {n}",
  "select * from a join b on a.id = b.id and b.k = {n}",
  "select a[{n}] from t",
  "delete from orders where id = {n} or id <> {n}",
  "delete from orders where id = -{n} or id <> {n}",
  "delete from orders where id in ({n}, {n}) or not id in ({n}, {n})",
  "update t set a = {n} where not (b = {n} and b <> {n})",
  "select a from t where {n} = {n} and x between {n} and {n}",
];

describe("statements that differ only in numbers", () => {
  it("have the facts that parsing each of them gives", async () => {
    const shared = await loadClassifier();
    const fresh = await loadClassifier({ cacheBytes: 0 });
    fc.assert(
      fc.property(
        fc.constantFrom(...TEMPLATES),
        // few small ones, so that some are equal
        fc.array(fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 999_999_999 })), {
          minLength: 4,
          maxLength: 4,
        }),
        (template, values) => {
          let next = 0;
          const sql = template.replaceAll("{n}", () => String(values[next++ % values.length]));
          expect(shared.classify(sql)).toEqual(fresh.classify(sql));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ["delete from t where id = 1 or id <> 2", "delete from t where id = 3 or id <> 3"],
    ["delete from t where id = 1 or id <> 2", "delete from t where id = 3 or id <> 03"],
    ["delete from t where id = -1 or id <> 1", "delete from t where id = -0 or id <> 0"],
    ["delete from t where not id in (1, 2) or id in (2, 1)", "delete from t where not id in (1, 2) or id in (1, 2)"],
    ["select a from t where 1 = 1", "select a from t where 1 = 2"],
  ])("but in which of them are equal: %s, %s", async (one, other) => {
    const shared = await loadClassifier();
    const fresh = await loadClassifier({ cacheBytes: 0 });
    shared.classify(one);
    expect(shared.classify(other)).toEqual(fresh.classify(other));
  });

  it.each([
    ["select a from t order by 1"],
    ["select a, count(*) from t group by 1"],
    ["select a from t limit 5"],
    ["fetch 5 from c"],
    ["select 'x' from t where id = 1"],
    ["select 1 -- 2"],
    ["select 1 /* 2 */"],
    ['select "a" from t where id = 1'],
    ["select $1, 2"],
    ["select e1 from t"],
    ["select 1.5 from t"],
    ["select 0x10 from t"],
    ["set statement_timeout = 5"],
    ["insert into t values (1)"],
    ["select 12345678901 from t"],
    ["select ä from t where id = 1"],
  ])("%s is parsed itself", (sql) => {
    expect(numberShape(sql)).toBeUndefined();
  });
});
