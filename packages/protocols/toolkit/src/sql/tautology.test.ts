import { describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";

const classifier = await loadClassifier();

function facts(sql: string): { readonly where?: string } {
  const result = classifier.classify(sql);
  if (!result.ok || result.statements[0] === undefined) throw new Error(`not parsed: ${sql}`);
  return result.statements[0];
}

describe("where", () => {
  it.each([
    ["delete from a", "none"],
    ["delete from a where 1=1", "constant"],
    ["delete from a where true", "constant"],
    ["delete from a where id = id", "constant"],
    ["delete from a where id = id and true", "constant"],
    ["delete from a where x is null or x is not null", "constant"],
    ["delete from a where id = 1 or true", "constant"],
    ["delete from a where id = 1 or id <> 1", "constant"],
    ["delete from a where not (id = 1 and id <> 1)", "constant"],
    ["delete from a where id in (1, id)", "constant"],
    ["delete from a where name like '%'", "constant"],
    ["delete from a where random() < 2", "constant"],
    ["delete from a where exists (select 1)", "constant"],
    ["delete from a where $1", "constant"],
    ["delete from a where coalesce(true, id = 1)", "constant"],
    ["delete from a where id = 1", "real"],
    ["delete from a where id = $1 and true", "real"],
    ["delete from a where id in (select id from b)", "real"],
    ["delete from a where exists (select 1 from b where b.id = a.id)", "real"],
    ["delete from a where current of c", "real"],
    ["update a set x = 1", "none"],
    ["update a set x = 1 where not (id = 1)", "real"],
    ["with d as (delete from b) update a set x = 1 where id = 1", "none"],
    ["merge into a using b on true when matched then delete", "constant"],
    ["merge into a using b on a.x = b.x when matched then delete", "real"],
    ["merge into a using b on a.x = b.x when not matched by source then delete", "none"],
    ["explain analyze delete from a", "none"],
    ["create rule r as on update to t do instead delete from a", "none"],
  ])("%s", (sql, where) => {
    expect(facts(sql).where).toBe(where);
  });

  it("is absent without UPDATE and DELETE", () => {
    expect(facts("select 1 from a where true").where).toBeUndefined();
  });
});
