import { createSecureContext } from "node:tls";
import { certificateAuthority, eventually, hasCommand, runPsql, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { ana, job } from "../wire/principals.ts";
import { errorIn, fieldsOf, rowsIn, types } from "../wire/transcript.ts";
import {
  bind,
  execute,
  extended,
  parse,
  query,
  sendCancel,
  sync,
  typeOf,
  type WireClient,
} from "../wire/wire-client.ts";
import { type Fixture, startFixture } from "./labelled.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({});
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

/** Resolves when a statement with this mark runs at the server (or no longer does). */
const running = (mark: string, yes = true) =>
  eventually(async () => {
    const rows = await fixture.server.sql(
      `select 1 from pg_stat_activity where state = 'active' and query like '%${mark}%' and pid <> pg_backend_pid()`,
    );
    return rows.length > 0 === yes;
  });

async function sleeping(client: WireClient, mark: string): Promise<void> {
  client.send(query(`select pg_sleep(60) /* ${mark} */`));
  await running(mark);
}

describe("CancelRequest", () => {
  it("in clear text cancels the running statement: the server's own 57014, byte for byte", async () => {
    await using native = await fixture.direct();
    await sleeping(native, "native");
    await sendCancel(fixture.server.port, native.key);
    const expected = await native.until("Z");
    await using client = await fixture.wire();
    await sleeping(client, "through");
    await sendCancel(fixture.harness.port, client.key);
    expect(await client.until("Z")).toEqual(expected);
    expect(types(await client.query("select 1"))).toBe("T D C Z");
    await running("through", false);
  });

  it("a wrong secret, process or session is ignored", async () => {
    await using client = await fixture.wire();
    await using other = await fixture.wire();
    await sleeping(client, "untouched");
    const key = client.key ?? { processId: 0, secretKey: Buffer.alloc(4) };
    const wrong = Buffer.from(key.secretKey);
    wrong[3] = (wrong[3] ?? 0) ^ 1;
    await sendCancel(fixture.harness.port, { ...key, secretKey: wrong });
    await sendCancel(fixture.harness.port, { ...key, processId: key.processId ^ 1 });
    await sendCancel(fixture.harness.port, { ...key, secretKey: other.key?.secretKey ?? wrong });
    await sendCancel(fixture.harness.port, other.key);
    // a statement of the other session made after all of these proves that they were dealt with
    expect(types(await other.query("select 1"))).toBe("T D C Z");
    await running("untouched");
    await sendCancel(fixture.harness.port, key);
    expect(errorIn(await client.until("Z")).code).toBe("57014");
  });

  it("the target's own key is never given out", async () => {
    await using client = await fixture.wire();
    const [[pid]] = rowsIn(await client.query("select pg_backend_pid()")) as [[string]];
    expect(client.key?.processId).not.toBe(Number(pid));
  });

  it("is closed once it has been dealt with: the next statement is not the one that is canceled", async () => {
    await using client = await fixture.wire();
    for (let i = 0; i < 20; i++) {
      await sendCancel(fixture.harness.port, client.key);
      expect(types(await client.query("select pg_sleep(0.005)"))).toBe("T D C Z");
    }
  });

  it("when nothing runs, nothing happens", async () => {
    await using client = await fixture.wire();
    await client.query("begin");
    await sendCancel(fixture.harness.port, client.key);
    expect((await client.query("select 1")).at(-1)?.toString("latin1", 5)).toBe("T");
    await client.query("commit");
  });

  it("in a transaction and in a batch: failed, and skipped to Sync", async () => {
    await using client = await fixture.wire();
    await client.query("begin");
    client.send(
      ...extended("select 1"),
      parse("select pg_sleep(60) /* batch */"),
      bind(),
      execute(),
      ...extended("select 2"),
      sync,
    );
    await running("batch");
    await sendCancel(fixture.harness.port, client.key);
    const answer = await client.until("Z");
    expect(types(answer)).toBe("1 2 T D C 1 2 E Z");
    expect(answer.at(-1)?.toString("latin1", 5)).toBe("E");
    await client.query("rollback");
  });

  it("a result that already flows ends with 57014", async () => {
    await using client = await fixture.wire();
    client.send(query("select n, pg_sleep(0.0005) /* flowing */ from generate_series(1, 1000000) n"));
    await client.until("D", 3);
    await sendCancel(fixture.harness.port, client.key);
    const rest = (await client.until("Z")).filter((message) => typeOf(message) !== "D");
    expect(types(rest)).toBe("E Z");
    expect(errorIn(rest).code).toBe("57014");
  });
});

skipUnless(hasCommand("psql"), "psql").describe("Ctrl-C in psql", () => {
  it("cancels the statement", async () => {
    const interrupt = new AbortController();
    const ended = fixture.psql(["-c", "select pg_sleep(60) /* psql */"], {
      signal: interrupt.signal,
    });
    await running("psql");
    interrupt.abort();
    const { code, stderr } = await ended;
    expect(stderr).toContain("Cancel request sent\nERROR:  canceling statement due to user request\n");
    expect(code).toBe(1);
  });

  it("on a port that requires TLS for logins, where older clients cancel in clear text", async () => {
    const ca = await certificateAuthority();
    const leaf = await ca.issue({ commonName: "localhost", names: ["localhost", "127.0.0.1"], usage: "server" });
    await using harness: Harness = await startHarness({
      target: fixture.tap,
      database: "postgres",
      policies: [],
      principals: [ana, job],
      tls: { policy: "required", secureContext: createSecureContext({ cert: leaf.certPem, key: leaf.keyPem }) },
    });
    const login = { port: harness.port, user: "ana", password: harness.secret, database: "prod-db" } as const;
    const plain = await runPsql({ ...login, sslmode: "disable", args: ["-c", "select 1"] });
    expect(plain.code).toBe(2);
    expect(plain.stderr).toContain("FATAL:  this port accepts encrypted connections only");
    const interrupt = new AbortController();
    const ended = runPsql({
      ...login,
      sslmode: "require",
      args: ["-c", "select pg_sleep(60) /* tls */"],
      signal: interrupt.signal,
    });
    await running("tls");
    interrupt.abort();
    expect((await ended).stderr).toContain("ERROR:  canceling statement due to user request");
  });
});

describe("what the server says by itself", () => {
  it("LISTEN and NOTIFY: the same bytes, idle and in a transaction", async () => {
    await using native = await fixture.direct();
    await using client = await fixture.wire();
    await using speaker = await fixture.direct();
    for (const one of [native, client]) await one.query("listen harbour");
    await speaker.query("notify harbour, 'eins'; notify harbour; notify harbour, 'zwölf'");
    expect(await client.until("A", 3)).toEqual(await native.until("A", 3));
    for (const one of [native, client]) await one.query("begin");
    await speaker.query("notify harbour, 'later'");
    for (const one of [native, client]) expect(types(await one.query("select 1"))).toBe("T D C Z");
    expect(await client.query("commit")).toEqual(await native.query("commit"));
  });

  it("a changed setting is reported (ParameterStatus) as the server does", async () => {
    await using native = await fixture.direct();
    await using client = await fixture.wire();
    await fixture.server.sql("alter system set datestyle = 'German, DMY'");
    await fixture.server.sql("select pg_reload_conf()");
    const reported = (one: WireClient) =>
      eventually(async () => (await one.query("select 1")).find((message) => typeOf(message) === "S"));
    expect(await reported(client)).toEqual(await reported(native));
    await fixture.server.sql("alter system reset datestyle");
    await fixture.server.sql("select pg_reload_conf()");
    await Promise.all([reported(client), reported(native)]);
  });

  it("57P01: the server's FATAL passes byte for byte, idle and running", async () => {
    for (const run of [false, true]) {
      const native = await fixture.direct();
      const client = await fixture.wire();
      const pids: string[] = [];
      for (const one of [native, client]) pids.push(rowsIn(await one.query("select pg_backend_pid()"))[0]?.[0] ?? "");
      if (run) await Promise.all([sleeping(native, "ending a"), sleeping(client, "ending b")]);
      await fixture.server.sql(`select pg_terminate_backend(pid) from unnest(array[${pids}]) pid`);
      const [expected, got] = [await native.rest(), await client.rest()];
      expect(got).toEqual(expected);
      expect(errorIn(got)).toMatchObject({ severity: "FATAL", code: "57P01" });
    }
  });

  it("25P03 and 57014 of a time-out pass unchanged", async () => {
    await using native = await fixture.direct();
    await using client = await fixture.wire();
    for (const one of [native, client]) await one.query("set statement_timeout = 30");
    expect(await client.query("select pg_sleep(60)")).toEqual(await native.query("select pg_sleep(60)"));
    for (const one of [native, client]) one.send(query("set idle_in_transaction_session_timeout = 30; begin"));
    const [expected, got] = [await native.rest(), await client.rest()];
    expect(got).toEqual(expected);
    expect(errorIn(got).code).toBe("25P03");
  });

  it("a restart of the server: a readable FATAL, and the next connect works", async () => {
    const client = await fixture.wire();
    await fixture.server.restart();
    expect(errorIn(await client.rest())).toMatchObject({
      severity: "FATAL",
      code: "57P01",
      message: expect.stringContaining("terminating connection"),
    });
    await using next = await fixture.wire();
    expect(types(await next.query("select 1"))).toBe("T D C Z");
  });

  it("a connection to the server that is torn: a readable FATAL", async () => {
    const client = await fixture.wire();
    fixture.tap.connections.at(-1)?.cut();
    const last = (await client.rest()).at(-1) ?? Buffer.alloc(0);
    expect(fieldsOf(last)).toMatchObject({
      severity: "FATAL",
      code: "08006",
      message: "prod-db closed the connection",
    });
  });

  it("a server that is down: a readable FATAL at connect", async () => {
    await using folder = await tempDir("down");
    await using harness = await startHarness({
      target: { port: 1 },
      database: "postgres",
      policies: [],
      principals: [ana],
    });
    const { code, stderr } = await runPsql({
      port: harness.port,
      user: "ana",
      password: harness.secret,
      database: "prod-db",
      sslmode: "disable",
      args: ["-c", "select 1"],
      cwd: folder.path,
    });
    expect(code).toBe(2);
    expect(stderr).toContain("FATAL:  prod-db");
  });
});
