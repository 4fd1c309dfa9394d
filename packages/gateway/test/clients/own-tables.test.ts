import { afterAll, beforeAll, expect, it } from "vitest";
import { CUSTOMERS, type Fixture, MASKS, startFixture } from "../postgres/labelled.ts";
import { rowsIn } from "../wire/transcript.ts";

/** What a session makes for itself is known to it at once: many tools work with temporary tables. */

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({ sql: CUSTOMERS, policy: MASKS });
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

it("a temporary table is read as it is, by every statement after the one that made it", async () => {
  await using client = await fixture.wire();
  for (const name of ["first", "second"]) {
    await client.query(`create temp table ${name} (a int, b text)`);
    await client.query(`insert into ${name} values (5, 'x')`);
    expect(rowsIn(await client.query(`select * from ${name}`))).toEqual([["5", "x"]]);
    expect(rowsIn(await client.query(`select count(*), sum(a) from ${name}`))).toEqual([["1", "5"]]);
  }
  expect(rowsIn(await client.query("select ssn from customers where id = 1"))).toEqual([["****6789"]]);
});
