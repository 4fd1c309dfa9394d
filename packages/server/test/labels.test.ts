import { eventually, type PostgresServer, startPostgres } from "@tidewaiter/testkit";
import { connectPg } from "@tidewaiter/testkit/pg-client";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

interface LabelsView {
  readonly places: readonly {
    readonly database: string;
    readonly systemId: string;
    readonly columns: readonly {
      readonly column: string;
      readonly labels: readonly string[];
      readonly state: string;
    }[];
  }[];
  readonly drift: readonly { readonly what: string; readonly relation?: string; readonly column?: string }[];
}

describe("labels of a running installation", () => {
  let target: PostgresServer;
  let tidewaiter: Tidewaiter;
  beforeAll(async () => {
    target = await startPostgres({
      sql: [
        "create table customers (id int, email text, name text)",
        "insert into customers values (1, 'ann@secret.example', 'Ann')",
      ],
    });
    tidewaiter = await startTidewaiter({
      target: { host: target.host, port: target.port, user: target.superuser, database: "postgres" },
      labels: { "public.customers.email": "pii.email" },
    });
  }, 60_000);
  afterAll(async () => {
    await tidewaiter?.stop();
    await target.stop();
  });
  const login = () =>
    connectPg({
      host: "127.0.0.1",
      port: tidewaiter.port,
      user: tidewaiter.user,
      password: tidewaiter.password,
      database: tidewaiter.database,
      ssl: { rejectUnauthorized: false },
    });
  const labels = () => tidewaiter.api("GET", "/v1/resources/prod-db/labels") as Promise<LabelsView>;

  it("stay with the column, are listed, and are accepted for sessions that are open", async () => {
    await using connection = await login();
    const { client } = connection;
    expect((await client.query("select email, name from customers")).rows).toEqual([{ email: "***", name: "Ann" }]);
    await target.sql(
      "alter table customers rename column email to contact; alter table customers add note text default 'x'",
    );
    await using second = await login();
    const read = "select contact, lower(contact) as low, note from customers";
    expect((await second.client.query(read)).rows).toEqual([{ contact: "***", low: "***", note: "***" }]);
    const { places, drift } = await labels();
    expect(places).toMatchObject([{ database: "postgres", systemId: expect.stringMatching(/^\d+$/) }]);
    expect(places[0]?.columns.map(({ column, labels: carried }) => [column, ...carried])).toEqual([
      ["public.customers.contact", "pii.email"],
      ["public.customers.note", "unclassified"],
    ]);
    expect(drift.map(({ what, column }) => `${what} ${column}`)).toEqual(["new_column note", "renamed contact"]);
    const accepted = await tidewaiter.api("POST", "/v1/resources/prod-db/labels/accept", {
      columns: ["customers.note"],
    });
    expect(accepted).toEqual({ accepted: ["public.customers.note"] });
    await eventually(async () => (await second.client.query(read)).rows[0]?.note === "x");
    expect((await second.client.query(read)).rows).toEqual([{ contact: "***", low: "***", note: "x" }]);
    const { events } = (await tidewaiter.api("GET", "/v1/audit?type=schema_drift")) as {
      events: readonly { readonly type: string; readonly sessionId: string | null }[];
    };
    expect(events.map(({ type }) => type)).toEqual(["schema_drift.renamed", "schema_drift.new_column"]);
    expect(events[0]?.sessionId).toMatch(/^ses_/);
  });

  it("follow a table that is renamed past the gateway, accepted columns too", async () => {
    const before = await labels();
    expect(before.places[0]?.columns).toHaveLength(2);
    await target.sql("alter table customers rename to people");
    await using connection = await login();
    expect((await connection.client.query("select contact, note from people")).rows).toEqual([
      { contact: "***", note: "x" },
    ]);
    expect((await labels()).drift[0]).toMatchObject({ what: "renamed", relation: "public.people" });
  });
});
