import { postgresVersions } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorIn, fieldsOf, rowsIn } from "../wire/transcript.ts";
import { query, typeOf } from "../wire/wire-client.ts";
import { type Fixture, startFixture } from "./labelled.ts";

const SQL = [
  "create schema app",
  "create table customers (id int primary key, email text)",
  "insert into customers values (1, 'zoe@example.com')",
  "create table orders (id int primary key, customer_id int, total int)",
  "insert into orders values (7, 1, 42)",
  `create function app.fails(i int) returns int language plpgsql as $$ begin
     if (select email from public.customers where id = i) like 'z%' then raise exception using errcode = '22012'; end if;
     return 1; end $$`,
  `create function app.remarks(i int) returns int language plpgsql as $$ begin
     raise notice '%', (select email from public.customers where id = i); return 1; end $$`,
  "create function app.email(i int) returns text language sql as 'select email from public.customers where id = i'",
  "create function app.total(i int) returns int language sql as 'select total from orders where id = i'",
  "create function app.rate(i int) returns int language plpgsql as 'begin return i * 2; end'",
  "create function app.rate_of(i int) returns int language sql return app.rate(i)",
  "create function app.domain(i int) returns text language plpgsql as $$ begin return 'example.com'; end $$",
];

const POLICY = `
version: 1
labels:
  pii.email: { columns: ["*.customers.email"] }
functions:
  - { name: app.rate, reads: none }
  - { name: app.domain, reads: [pii.email] }
`;

describe.each(postgresVersions)("code that nobody has read, PostgreSQL %s", (version) => {
  describe.each(["names", "server"] as const)("lineage by %s", (lineage) => {
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = await startFixture({ version, sql: SQL, policy: POLICY, lineage });
    }, 60_000);
    afterAll(() => fixture?.[Symbol.asyncDispose]());

    it.each(["robot", "job"])("is refused to %s, and says which", async (user) => {
      await using client = await fixture.wire(user);
      const refused = errorIn(await client.query("select app.fails(1)"));
      expect(refused.code).toBe("42501");
      expect(refused.message).toContain("app.fails, which nobody has read");
      expect(refused.message).toContain("[no-unread-code]");
    });

    it("asks for a person, and then tells only that it failed", async () => {
      await using client = await fixture.wire("ana");
      const opened = fixture.harness.nextReview();
      client.send(query("select app.fails(1)"));
      await fixture.harness.decide(await opened, "approve", "mia", "fine");
      const answer = await client.until("Z");
      expect(errorIn(answer)).toMatchObject({
        code: "XX000",
        message: "the statement failed inside code that nobody has read",
      });
    });

    it("says nothing of its own when it is let run", async () => {
      await using client = await fixture.wire("ana");
      const opened = fixture.harness.nextReview();
      client.send(query("select app.remarks(1)"));
      await fixture.harness.decide(await opened, "approve", "mia", "fine");
      const answer = await client.until("Z");
      expect(rowsIn(answer)).toEqual([["0"]]);
      expect(Buffer.concat(answer).toString("latin1")).not.toContain("example.com");
      expect(Buffer.concat(answer).toString("latin1")).not.toContain("notice of the server");
    });

    it("is read where it is SQL", async () => {
      await using client = await fixture.wire("robot");
      expect(rowsIn(await client.query("select app.total(7), total from orders"))).toEqual([["42", "42"]]);
      expect(rowsIn(await client.query("select app.email(1)"))).toEqual([["***"]]);
      expect(
        errorIn(await client.query("select id from orders where app.email(customer_id) like 'z%'")).message,
      ).toContain("[no-probing]");
    });

    it("may be declared by the policy", async () => {
      await using client = await fixture.wire("robot");
      expect(rowsIn(await client.query("select app.rate(total), app.rate_of(total) from orders"))).toEqual([
        ["84", "84"],
      ]);
      expect(errorIn(await client.query("select app.domain(1)")).message).toContain("[no-unread-code]");
    });

    it("is what a body in SQL means while tables are exchanged", async () => {
      await using client = await fixture.wire("robot");
      client.send(
        query("begin"),
        query("create temp view orders as select id, 1 as customer_id, ascii(email) as total from public.customers"),
        query("select app.total(1)"),
      );
      const answer = Buffer.concat(await client.until("Z", 3)).toString("latin1");
      expect(answer).not.toContain(String("z".charCodeAt(0)));
    });

    it("may be what the session has just put before a function of the server", async () => {
      await using client = await fixture.wire("job/admin");
      const shadow = "create function public.lower(int) returns text language sql as 'select email from customers'";
      client.send(
        query("begin"),
        query(shadow),
        query("select lower(1)"),
        query("select upper('x')"),
        query("rollback"),
      );
      const answer = await client.until("Z", 5);
      expect(Buffer.concat(answer).toString("latin1")).not.toContain("zoe@");
      expect(errorsIn(answer)[0]?.message).toContain("lower, which nobody has read");
      client.send(query("begin"), query(shadow), query("select upper('x')"), query("rollback"));
      expect(rowsIn(await client.until("Z", 4))).toEqual([["X"]]);
    });
  });
});

function errorsIn(answer: readonly Buffer[]) {
  return answer.filter((message) => typeOf(message) === "E").map(fieldsOf);
}
