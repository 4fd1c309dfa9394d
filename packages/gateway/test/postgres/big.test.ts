import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { connectTarget } from "@tidewaiter/postgres/connect-target/connect-target";
import { encodeQuery, packValues } from "@tidewaiter/postgres/encode-frontend";
import { DerivedKeyCache } from "@tidewaiter/postgres/scram/derived-key-cache";
import {
  eventually,
  type NodeProcess,
  type PostgresServer,
  skipUnless,
  spawnNode,
  startPostgres,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorIn, fieldsOf, rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, parse, query, sync, WireClient } from "../wire/wire-client.ts";
import { CUSTOMERS } from "./labelled.ts";

/** Size: many rows, long values, wide rows, many parameters. Memory is that of a gateway process, read from Linux. */

const MB = 1024 * 1024;
const LONG = process.env.TIDEWAITER_LONG === "1";
const ROWS = LONG ? 10_000_000 : 1_000_000;
const VALUE = (LONG ? 500 : 100) * 1_000_000;

let server: PostgresServer;
let gateway: NodeProcess;
let login: { port: number; user: string; password: string; database: string };
beforeAll(async () => {
  server = await startPostgres({
    sql: [
      ...CUSTOMERS,
      "insert into customers (id, name, note) values (20, 'big', repeat('secret ', 3000000))",
      "insert into customers (id, name, note) values (21, 'huge', repeat('secret ', 15000000))",
      "create table wide ()",
    ],
  });
  gateway = spawnNode(fileURLToPath(new URL("gateway-process.ts", import.meta.url)), { args: [String(server.port)] });
  const { port, secret } = JSON.parse((await gateway.line(/^\{.*\}$/))[0]) as { port: number; secret: string };
  login = { port, user: "job", password: secret, database: "prod-db" };
});
afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});

function rss(): number {
  const kB = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway.pid}/status`, "utf8"))?.[1];
  return Number(kB) * 1024;
}

/** Counts bytes and keeps only the end of them; `pause` is called once, after the first megabyte. */
async function drain(
  sql: string,
  user = "job",
  pause?: () => Promise<void>,
): Promise<{ bytes: number; tail: string; growth: number }> {
  const socket = connect({ host: "127.0.0.1", port: login.port });
  const { stream, leftover } = await connectTarget(socket, {
    ...login,
    user,
    tls: { mode: "disable" },
    keys: new DerivedKeyCache(),
  });
  const before = rss();
  let highest = before;
  let bytes = leftover.length;
  let tail: Buffer = leftover;
  let paused = false;
  const done = Promise.withResolvers<void>();
  let since = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    since += chunk.length;
    tail = chunk.length >= 64 ? Buffer.from(chunk.subarray(-64)) : Buffer.concat([tail, chunk]).subarray(-64);
    if (since > 4 * MB) {
      since = 0;
      highest = Math.max(highest, rss());
    }
    if (pause !== undefined && !paused && bytes > MB) {
      paused = true;
      stream.pause();
      void pause().then(() => stream.resume());
    }
    // ReadyForQuery ends the answer
    if (tail.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]))) done.resolve();
  });
  stream.on("close", () => done.reject(new Error("the connection ended")));
  stream.write(encodeQuery(sql));
  stream.resume();
  await done.promise;
  stream.removeAllListeners("close");
  socket.destroy();
  await once(socket, "close");
  return { bytes, tail: tail.toString("latin1"), growth: Math.max(highest, rss()) - before };
}

/**
 * The least growth of three runs. The compiler of the WASM grammar and the collector work when they like, most of all on a
 * busy machine; what is kept because of the result is kept in every run.
 */
async function calmest(sql: string): ReturnType<typeof drain> {
  const runs = [];
  for (let run = 0; run < 3; run++) runs.push(await drain(sql));
  return runs.reduce((best, one) => (one.growth < best.growth ? one : best));
}

skipUnless(existsSync("/proc/self/status"), "Linux's /proc").describe("memory stays flat", () => {
  beforeAll(async () => {
    // Steady state first: the grammar in WASM is compiled anew in the background at its first use, which takes some 400 MB
    // for a second, and buffers that nobody needs any more stay until V8 has counted 64 MB of them.
    await drain("select * from customers where id < 10");
    await drain("select n, repeat('x', 50) from generate_series(1, 500000) n");
    let last = rss();
    await eventually(
      () => {
        const now = rss();
        const settled = Math.abs(now - last) < 4 * MB;
        last = now;
        return settled;
      },
      { every: 400, within: 20_000 },
    );
  });

  it(`${ROWS} rows`, async () => {
    const { tail, growth } = await calmest(`select n, repeat('x', 50) from generate_series(1, ${ROWS}) n`);
    expect(tail).toContain(`SELECT ${ROWS}`);
    expect(growth / MB).toBeLessThan(64);
  }, 300_000);

  it("200,000 masked rows", async () => {
    const { tail, growth, bytes } = await calmest(
      "select c.id, c.email, c.ssn, repeat('x', 50) from customers c, generate_series(1, 50000) where c.id < 10",
    );
    expect(tail).toContain("SELECT 200000");
    expect(bytes).toBeGreaterThan(10 * MB);
    expect(growth / MB).toBeLessThan(64);
  }, 60_000);

  it("a reader that stops for a while, with others beside it", async () => {
    const others = async (): Promise<void> => {
      await using client = await WireClient.connect(login);
      // the server is held back: it waits for the client and not for us
      await eventually(
        async () => (await server.sql("select 1 from pg_stat_activity where wait_event = 'ClientWrite'")).length === 1,
      );
      for (let n = 0; n < 50; n++) expect(types(await client.query("select 1"))).toBe("T D C Z");
    };
    const { tail, growth } = await drain("select n, repeat('x', 100) from generate_series(1, 300000) n", "job", others);
    expect(tail).toContain("SELECT 300000");
    expect(growth / MB).toBeLessThan(64);
  }, 60_000);

  it("a masked value of 105 MB, beside others that are shown", async () => {
    const { bytes, tail, growth } = await calmest(
      "select id, note, email, repeat('x', 10000000) from customers where id = 21",
    );
    expect(tail).toContain("SELECT 1");
    expect(bytes / MB).toBeLessThan(11);
    expect(growth / MB).toBeLessThan(64);
  }, 120_000);

  it(`one value of ${VALUE / 1e6} MB is streamed`, async () => {
    const { bytes, tail, growth } = await drain(`select repeat('x', ${VALUE}) as big`, "reader");
    expect(bytes).toBeGreaterThan(VALUE);
    expect(tail).toContain("SELECT 1");
    expect(growth / MB).toBeLessThan(64);
  }, 120_000);
});

describe("long and wide", () => {
  it("a value of 21 MB under a mask becomes its constant", async () => {
    await using client = await WireClient.connect(login);
    const answer = await client.query("select id, note from customers where id = 20");
    expect(types(answer)).toBe("T D C Z");
    const [row] = rowsIn(answer);
    expect(row?.[0]).toBe("20");
    expect(row?.[1]?.length).toBeLessThan(100);
    expect(row?.[1]).not.toContain("secret");
  });

  it("a row of 1,600 columns, text and binary", async () => {
    await using client = await WireClient.connect(login);
    const columns = Array.from({ length: 1600 }, (_, n) => `${n} as c${n}`).join(", ");
    expect(rowsIn(await client.query(`select ${columns}`))).toEqual([
      Array.from({ length: 1600 }, (_, n) => String(n)),
    ]);
    client.send(parse(`select ${columns}`), bind({ formats: [1] }), execute(), sync);
    expect(types(await client.until("Z"))).toBe("1 2 D C Z");
  });

  it("65,535 parameters", async () => {
    await using client = await WireClient.connect(login);
    const list = Array.from({ length: 65_535 }, (_, n) => `$${n + 1}`).join(",");
    const values = packValues(Array.from({ length: 65_535 }, (_, n) => Buffer.from(String(n))));
    // the statement is longer than the analyser takes: told, and the session goes on
    client.send(
      parse(`select 1 where 1 = any(array[${list}]::int[])`),
      { name: "Bind", portal: "", statement: "", parameterFormats: [], parameters: values, resultFormats: [] },
      execute(),
      sync,
    );
    const answer = await client.until("Z");
    expect(types(answer)).toMatch(/^(1 2 D C Z|E Z)$/);
    if (types(answer) === "E Z") expect(errorIn(answer).code).toBe("54001");
    expect(types(await client.query("select 1"))).toBe("T D C Z");
  }, 30_000);

  it("SQL of more than 256 KiB is refused with a reason, and the session goes on", async () => {
    await using client = await WireClient.connect(login);
    const answer = await client.query(`select '${"x".repeat(300_000)}'`);
    expect(types(answer)).toBe("E Z");
    expect(errorIn(answer)).toMatchObject({ code: "54001", message: expect.stringContaining("longer than 256 kB") });
    expect(types(await client.query("select 1"))).toBe("T D C Z");
  });

  it("a message that says it is too long ends the session with a readable FATAL", async () => {
    const client = await WireClient.connect(login);
    client.send(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));
    const last = (await client.rest()).at(-1) ?? Buffer.alloc(0);
    expect(fieldsOf(last)).toMatchObject({ severity: "FATAL", code: "08P01" });
    await using next = await WireClient.connect(login);
    expect(types(await next.query("select 1"))).toBe("T D C Z");
  });

  it("a slow COPY of masked rows does not grow either", async () => {
    await using client = await WireClient.connect(login);
    client.send(query("copy (select c.* from customers c, generate_series(1, 20000) where c.id < 10) to stdout"));
    const answer = await client.until("Z");
    expect(answer.at(-2)?.toString("latin1", 5)).toBe("COPY 80000\0");
  });
});
