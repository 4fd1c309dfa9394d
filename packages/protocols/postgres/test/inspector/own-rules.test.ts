import { describe, expect, it } from "vitest";
import type { Bench } from "./bench.ts";
import {
  ALLOW,
  bind,
  close,
  describePortal,
  done,
  execute,
  failed,
  field,
  parse,
  query,
  ready,
  rowOf,
  SYNC,
} from "./bench.ts";
import { bench } from "./policy-bench.ts";

describe("names", () => {
  it("a second PREPARE of a name does not loosen what the first one said", () => {
    const made = bench()
      .client(query("prepare p as select reverse(email) from customers"))
      .target(done("PREPARE"), ready())
      .client(query("prepare p as select 'x'"))
      .target(failed("42P05"), ready())
      .client(query("execute p"))
      .target({ name: "RowDescription", fields: [field("x", 0)] }, rowOf("secret"), done("SELECT 1"), ready());
    expect(made.sent("client").includes("secret")).toBe(false);
  });

  it("EXECUTE is judged as what it runs, in every place, and denied at PREPARE if that is denied", () => {
    for (const sql of ["prepare p as delete from customers", "explain analyze delete from customers"])
      expect(bench().client(query(sql)).transcript.join("\n")).toContain("deny no-delete");
    const made = bench().client(query("prepare p as update customers set id = 1")).target(done("PREPARE"), ready());
    expect(made.asks.size).toBe(0);
    made.client(bind("p"), execute());
    expect(made.asks.size).toBe(1);
    const explained = bench()
      .client(query("prepare p as update customers set id = 1"))
      .target(done("PREPARE"), ready());
    expect(explained.client(query("explain analyze execute p")).asks.size).toBe(1);
  });

  it("an approval of EXECUTE is bound to what the name stands for, and shows it", () => {
    const asked = (inner: string) => {
      const made = bench()
        .client(query(`prepare p as ${inner}`))
        .target(done("PREPARE"), ready());
      const [ask] = made.client(query("execute p")).asks.values();
      if (ask?.type !== "review") throw new Error("nobody was asked");
      return ask.request;
    };
    const one = asked("update customers set id = 1");
    expect(one.statement).toContain("update customers set id = 1");
    expect(asked("update customers set id = 1").binding).toBe(one.binding);
    expect(asked("update customers set id = 2").binding).not.toBe(one.binding);
  });

  it("a portal named like a cursor is no way around FETCH", () => {
    const made = bench()
      .client(query("begin"))
      .target(done("BEGIN"), ready("T"))
      .client(query("declare c cursor for select email from customers"))
      .target(done("DECLARE CURSOR"), ready("T"))
      .client(execute("c"), SYNC);
    expect(made.transcript.join("\n")).toContain("_tidewaiter_refused");
  });

  it("two names that the server cuts to one are one here as well", () => {
    const cut = "n".repeat(63);
    const made = bench()
      .client(parse("select id from customers", `${cut}a`), SYNC)
      .target({ name: "ParseComplete" }, ready())
      .client(close(`${cut}b`), SYNC)
      .target({ name: "CloseComplete" }, ready())
      .client(parse("update customers set id = 1", `${cut}b`), SYNC)
      .target({ name: "ParseComplete" }, ready())
      .client(bind(`${cut}a`), execute());
    expect(made.asks.size).toBe(1);
  });

  it.each(["\u00e9".repeat(32), "\ufffd"])("a name that the server may read as another is refused: %s", (name) => {
    for (const message of [parse("select 1", name), bind(name), bind("", name), close(name), execute(name)])
      expect(bench().client(message).transcript.join("\n")).toContain("_tidewaiter_refused");
  });

  it.each([
    parse("select 1", "_tidewaiter_x"),
    bind("_tidewaiter_probe"),
    close("_tidewaiter_probe"),
    describePortal("_tidewaiter_probe"),
  ])("names of the gateway's own are refused", (message) => {
    expect(bench().client(message).transcript.at(-1)).toContain('sql="tidewaiter_refused"');
  });
});

describe("what the server would read as something else", () => {
  const refused = (made: Bench) => made.transcript.some((line) => line.includes('sql="tidewaiter_refused"'));

  it("a backslash, where it may be an escape", () => {
    const parameters = new Map([
      ["client_encoding", "UTF8"],
      ["standard_conforming_strings", "off"],
    ]);
    expect(refused(bench({ parameters }).client(query("select 'a\\' || 'b'")))).toBe(true);
    expect(refused(bench({ parameters }).client(query("select 'a' || 'b'")))).toBe(false);
    expect(refused(bench().client(query("select 'a\\' || 'b'")))).toBe(false);
  });

  it("anything but ASCII in another encoding, also from the start-up", () => {
    const parameters = new Map([
      ["client_encoding", "SJIS"],
      ["standard_conforming_strings", "on"],
    ]);
    expect(refused(bench({ parameters }).client(query("select 'é'")))).toBe(true);
    expect(refused(bench({ parameters }).client(query("select 'e'")))).toBe(false);
  });

  it("waits for the answer to a statement that may change it", () => {
    const made = bench().client(query("set standard_conforming_strings = off"), query("select 'a\\' || 'b'"));
    expect(made.transcript.filter((line) => line.includes("to target"))).toHaveLength(1);
    made.target(
      done("SET"),
      { name: "ParameterStatus", parameter: "standard_conforming_strings", value: "off" },
      ready(),
    );
    expect(refused(made)).toBe(true);
  });
});

describe("settings that tell who a person is", () => {
  const denied = (made: Bench) =>
    made.events.some((event) => event.type === "operation" && event.ruleId === "no-identity-change");

  it.each([
    "set tidewaiter.principal = 'mia'",
    "set local tidewaiter.principal = 'mia'",
    "reset tidewaiter.principal",
    'set "TIDEWAITER"."principal" = \'mia\'',
    "select set_config('tidewaiter.principal', 'mia', false)",
    "select pg_catalog.set_config('tide' || 'waiter.principal', 'mia', false)",
    "select set_config(E'tide\\x77aiter.principal', 'mia', false)",
    "select set_config('tidewai'\n'ter.principal', 'mia', false)",
    "select U&\"set_\\0063onfig\"('tidewaiter.principal', 'mia', false)",
    "create function f() returns int language sql set tidewaiter.principal = 'mia' as 'select 1'",
    "alter role app set tidewaiter.principal = 'mia'",
  ])("are not changed: %s", (sql) => {
    expect(denied(bench().client(query(sql)))).toBe(true);
  });

  it.each([
    "show tidewaiter.principal",
    "select current_setting('tidewaiter.principal')",
    "select set_config('search_path', 'public', false)",
    "reset all",
  ])("may be read: %s", (sql) => {
    expect(denied(bench().client(query(sql)))).toBe(false);
  });

  it("are not changed by a parameter", () => {
    const made = bench().client(
      parse("select set_config($1, $2, false)"),
      bind("", "", ["tidewaiter.principal", "mia"]),
      execute(),
    );
    expect(denied(made)).toBe(true);
  });
});

describe("a mask that would be stored", () => {
  const denied = (made: Bench) =>
    made.events.some((event) => event.type === "operation" && event.ruleId === "no-mask-write-back");
  const token = `tw_${"a".repeat(22)}`;

  it.each(["***", token, "****1234", "ab****yz", "***@example.com"])("is refused: %s", (mask) => {
    expect(denied(bench().client(query(`insert into customers (id, email) values (1, '${mask}')`)))).toBe(true);
    expect(denied(bench().client(query(`insert into customers values (1, '${mask}')`)))).toBe(true);
    const update = bench().client(
      parse("insert into customers (email, id) values ($2, $1)"),
      bind("", "", ["1", mask]),
      execute(),
    );
    expect(denied(update)).toBe(true);
  });

  it("passes into other columns, where the label is shown, and as an ordinary value", () => {
    expect(denied(bench().client(query("insert into customers (id) values ('***')")))).toBe(false);
    const shown = bench({ verdict: () => ({ masks: { "pii.email": "show" } }) });
    expect(denied(shown.client(query("insert into customers (email) values ('***')")))).toBe(false);
    expect(denied(bench().client(query("insert into customers (email) values ('a@b.c')")))).toBe(false);
  });
});

describe("recorded results", () => {
  const recording = { verdict: () => ({ ...ALLOW, recording: { mode: "strict", results: true } as const }) };

  it("are what the client receives, masked", () => {
    const made = bench(recording)
      .client(query("select id, email from customers"))
      .target(
        { name: "RowDescription", fields: [field("id", 1), field("email", 2)] },
        rowOf("1", "a@b.c"),
        done("SELECT 1"),
        ready(),
      );
    const rows = made.events.find((event) => event.type === "rows");
    expect(rows).toMatchObject({ columns: ["id", "email"], cells: [["1", "***"]], truncated: false });
  });

  it("end at a thousand rows, and say so", () => {
    const made = bench(recording)
      .client(query("select id from customers"))
      .target({ name: "RowDescription", fields: [field("id", 1)] });
    for (let i = 0; i < 1_200; i++) made.target(rowOf(String(i)));
    const rows = made.events.filter((event) => event.type === "rows");
    expect(rows.flatMap(({ cells }) => cells)).toHaveLength(1_000);
    expect(rows.at(-1)?.truncated).toBe(true);
  });
});

describe("a client that does not wait for answers", () => {
  it("is made to wait when too many are owed, and goes on in order", () => {
    const made = bench().client(...new Array(10_000).fill(SYNC));
    made.client(query("select id from orders"));
    expect(made.sent("target").includes("select id from orders")).toBe(false);
    made.target(...new Array(4_999).fill(ready()));
    expect(made.sent("target").includes("select id from orders")).toBe(false);
    made.target(ready());
    expect(made.sent("target").includes("select id from orders")).toBe(true);
  });
});
