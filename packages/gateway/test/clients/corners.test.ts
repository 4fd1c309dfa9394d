import { once } from "node:events";
import { connect } from "node:net";
import { createSecureContext } from "node:tls";
import { sendCancelRequest } from "@tidewaiter/postgres/connect-target/send-cancel-request";
import { encodeStartup } from "@tidewaiter/postgres/encode-startup";
import {
  certificateAuthority,
  eventually,
  hasCommand,
  type PostgresServer,
  runPsql,
  skipUnless,
  startPostgres,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { job } from "../wire/principals.ts";
import { query, WireClient } from "../wire/wire-client.ts";

/** Corners of the protocol that no driver asks about twice: the server's own bytes are the measure. README.md lists the rest. */

let server: PostgresServer;
let harness: Harness;

beforeAll(async () => {
  server = await startPostgres({ version: "18", tls: true, sql: ["create database shop"] });
  const authority = await certificateAuthority();
  const names = ["gw.example", "*.gw.example"];
  const { certPem, keyPem } = await authority.issue({ commonName: "gw.example", names, usage: "server" });
  const tls = { policy: "optional", secureContext: createSecureContext({ cert: certPem, key: keyPem }) } as const;
  harness = await startHarness({ target: server, database: "postgres", policies: [], principals: [job], tls });
}, 30_000);
afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await server?.stop();
});

/** Sends bytes on a new connection; what comes back until `enough`, or until the other side closes. */
async function answer(port: number, bytes: Buffer, enough: (got: Buffer) => boolean): Promise<Buffer> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => {});
  socket.write(bytes);
  let got = Buffer.alloc(0);
  for await (const chunk of socket) {
    got = Buffer.concat([got, chunk as Buffer]);
    if (enough(got)) break;
  }
  socket.destroy();
  return got;
}

const startup = (minor: number, more: Record<string, string> = {}): Buffer => {
  const parameters = new Map(Object.entries({ user: "job", database: "prod-db", ...more }));
  return encodeStartup({ name: "StartupMessage", major: 3, minor, parameters });
};
const SSL_REQUEST = encodeStartup({ name: "SSLRequest" });
const GSS_REQUEST = encodeStartup({ name: "GSSENCRequest" });

describe("P1: encryption", () => {
  it("GSSENCRequest is answered N, SSLRequest S, as by a server with TLS", async () => {
    for (const port of [server.port, harness.port]) {
      expect((await answer(port, GSS_REQUEST, (got) => got.length >= 1)).toString()).toBe("N");
      expect((await answer(port, SSL_REQUEST, (got) => got.length >= 1)).toString()).toBe("S");
    }
  });

  it("nothing sent behind SSLRequest before TLS is ever read as a login, and the gateway says why", async () => {
    const pipelined = Buffer.concat([SSL_REQUEST, startup(0)]);
    // the server takes it for a broken TLS handshake, or says the same, as the bytes happen to arrive
    const direct = (await answer(server.port, pipelined, () => false)).toString("latin1");
    expect(direct).toMatch(/^S$|received unencrypted data after SSL request/);
    const through = (await answer(harness.port, pipelined, () => false)).toString("latin1");
    expect(through).toMatch(/^S?E.*C08P01\0Mreceived unencrypted data after SSL request\0/s);
  });

  it("bytes that are neither TLS nor a startup packet end the connection", async () => {
    const http = Buffer.from("GET / HTTP/1.1\r\nHost: gw.example\r\n\r\n");
    const got = await answer(harness.port, http, () => false);
    expect(got.toString("latin1")).toContain("invalid length of startup packet");
  });
});

describe("P3: protocol versions", () => {
  /** NegotiateProtocolVersion, when it is the first answer. */
  const negotiation = async (port: number, bytes: Buffer): Promise<string> => {
    const got = await answer(port, bytes, (so) => so.length >= 5 && so.length >= 1 + so.readInt32BE(1));
    return got.toString("latin1", 0, 1) === "v" ? got.toString("hex", 0, 1 + got.readInt32BE(1)) : "none";
  };

  it.each<[string, number, Record<string, string>]>([
    ["3.0", 0, {}],
    ["3.1", 1, {}],
    ["3.2", 2, {}],
    ["3.3, not yet known", 3, {}],
    ["3.9999 with an option, as libpq greases it", 9999, { "_pq_.test_protocol_negotiation": "" }],
    ["3.0 with an option", 0, { "_pq_.a": "1" }],
    ["3.2 with two options", 2, { "_pq_.a": "1", "_pq_.b": "2" }],
  ])("%s is answered as PostgreSQL 18 does", async (_name, minor, options) => {
    const bytes = startup(minor, options);
    expect(await negotiation(harness.port, bytes)).toBe(await negotiation(server.port, bytes));
  });

  it("protocol 2 and 4 are refused in the server's words", async () => {
    for (const major of [2, 4]) {
      const bytes = encodeStartup({ name: "StartupMessage", major, minor: 0, parameters: new Map([["user", "job"]]) });
      for (const port of [server.port, harness.port])
        expect((await answer(port, bytes, () => false)).toString("latin1")).toContain(
          `unsupported frontend protocol ${major}.0: server supports 3.0 to 3.2`,
        );
    }
  });

  const sleeps = "select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'";
  for (const [minor, length] of [
    [0, 4],
    [2, 32],
  ] as const) {
    it(`3.${minor}: a cancel key of ${length} bytes, as the server's, and it cancels`, async () => {
      await using direct = await WireClient.connect({
        port: server.port,
        user: "postgres",
        database: "postgres",
        protocolMinor: minor || 0,
      });
      await using client = await WireClient.connect({
        port: harness.port,
        user: "job",
        password: harness.secret,
        database: "prod-db",
        protocolMinor: minor || 0,
      });
      for (const [one, port] of [
        [direct, server.port],
        [client, harness.port],
      ] as const) {
        const { key } = one;
        if (key === undefined) throw new Error("no cancel key");
        expect(key.secretKey).toHaveLength(length);
        one.send(query("select pg_sleep(60)"));
        await eventually(async () => expect((await server.sql(sleeps))[0]?.n).toBe(1));
        if (length > 4) {
          // a part of it is not it
          const part = { ...key, secretKey: key.secretKey.subarray(0, 4) };
          await sendCancelRequest(connect({ host: "127.0.0.1", port }), part);
          expect((await server.sql(sleeps))[0]?.n).toBe(1);
        }
        await sendCancelRequest(connect({ host: "127.0.0.1", port }), key);
        expect(Buffer.concat(await one.until("Z")).toString("latin1")).toContain("C57014\0");
      }
    });
  }
});

describe("P11: the start of a session", () => {
  it("a client that says nothing is let go at the deadline, others beside it are served", async () => {
    const silent = connect({ host: "127.0.0.1", port: harness.port });
    await once(silent, "connect");
    await using client = await WireClient.connect({
      port: harness.port,
      user: "job",
      password: harness.secret,
      database: "prod-db",
    });
    expect((await client.query("select 1")).length).toBeGreaterThan(0);
    silent.destroy();
  });

  it("a huge startup packet and huge parameters are refused at once", async () => {
    const huge = Buffer.alloc(8);
    huge.writeInt32BE(10_001, 0);
    const never = (): boolean => false;
    expect((await answer(harness.port, huge, never)).toString("latin1")).toContain("invalid length of startup packet");
    const long = startup(0, { options: "x".repeat(5_000) });
    expect((await answer(harness.port, long, never)).toString("latin1")).toContain("a startup parameter is too long");
  });
});

skipUnless(hasCommand("psql"), "psql").describe("P14: which database it is", () => {
  const show = "\\c - - - -\nselect current_database();\n";
  const psql = async (host: string, database: string, input: string) => {
    const login = {
      host,
      port: harness.port,
      user: "job",
      password: harness.secret,
      database,
      sslmode: "require",
    } as const;
    return runPsql({ ...login, env: { PGHOSTADDR: "127.0.0.1" }, args: ["-At"], input });
  };

  it("by server name: names stay what they are, \\c changes the database, \\l lists the server's own", async () => {
    const byName = await psql("prod-db.gw.example", "postgres", `${show}\\c shop\nselect current_database();\n\\l\n`);
    expect(byName.stdout).toContain("\npostgres\n");
    expect(byName.stdout).toContain('You are now connected to database "shop"');
    const lists = await runPsql({
      port: server.port,
      user: "postgres",
      database: "postgres",
      args: ["-At"],
      input: "\\l\n",
    });
    expect(byName.stdout.endsWith(`\nshop\n${lists.stdout}`)).toBe(true);
  });

  it("by database name: RESOURCE and RESOURCE/DATABASE, with \\c between them", async () => {
    const byDatabase = await psql("gw.example", "prod-db", `${show}\\c prod-db/shop\nselect current_database();\n`);
    expect(byDatabase.stdout).toContain("\npostgres\n");
    expect(byDatabase.stdout).toMatch(/\nshop\n$/);
    expect(byDatabase.stderr).toBe("");
  });
});
