import { DatabaseSync } from "node:sqlite";
import { connectPg, eventually, hasCommand, runPsql, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROTOCOL_3, packet, RawClient, SSL_REQUEST, startup } from "./raw-client.ts";
import { person, type Told, told, World } from "./world.ts";

let world: World;
/** Opened first, so that its deadline passes while the others run. */
let half: RawClient;

beforeAll(async () => {
  world = await World.start({
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "bo", type: "user", level: "read" },
      { name: "eva", type: "user", level: "read" },
    ],
  });
  const { host, port } = world.target;
  const target = { host, port, database: "postgres", databases: ["*"], tls: { mode: "disable" } };
  await world.apply(
    { kind: "resource", name: "other-db", protocol: "postgres", agent: "site", target },
    { kind: "resource", name: "secret-db", protocol: "postgres", agent: "site", target },
    { kind: "grant", name: "ana-other", principal: "ana", resource: "other-db", level: "read" },
    ...person("zoe", "prod-db", "read"),
  );
  await world.api("PUT", "/v1/resources/other-db/credentials/read", { type: "trust", username: "postgres" });
  half = await RawClient.open(world.port, startup({ user: "ana" }).subarray(0, 7));
});
afterAll(() => world[Symbol.asyncDispose]());

/** Nothing that a stranger does is felt by others. */
async function goodLogin(): Promise<void> {
  await using ana = await world.connect("ana");
  expect((await ana.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
}

describe("bytes that are no login", () => {
  const oversized = packet(PROTOCOL_3);
  oversized.writeInt32BE(1024 * 1024);
  const tooShort = packet(PROTOCOL_3);
  tooShort.writeInt32BE(3);
  const cases: [string, Uint8Array, string][] = [
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "08P01"],
    ["a startup packet of a megabyte", oversized, "08P01"],
    ["a length below its own size", tooShort, "08P01"],
    ["a startup packet that ends inside a string", packet(PROTOCOL_3, Buffer.from("user\0ana")), "08P01"],
    ["zeroes", Buffer.alloc(64), "08P01"],
    ["protocol 2", startup({ user: "ana" }, 2 << 16), "0A000"],
    ["no user", startup({ database: "prod-db" }), "28000"],
    ["replication", startup({ user: "ana", replication: "database" }), "0A000"],
    ["a parameter without end", startup({ user: "ana", options: "x".repeat(5000) }), "08P01"],
  ];
  it.each(cases)("%s is refused natively", async (_name, bytes, code) => {
    const client = await RawClient.open(world.port, bytes);
    expect(await client.end()).toMatchObject({ severity: "FATAL", code, message: expect.stringMatching(/\w+ \w+/) });
    await goodLogin();
  });

  it("bytes behind an SSLRequest are not read as a login", async () => {
    const client = await RawClient.open(world.port, Buffer.concat([packet(SSL_REQUEST), startup({ user: "ana" })]));
    expect(await client.end()).toMatchObject({ severity: "FATAL", code: "08P01" });
  });

  it("a broken TLS handshake ends only its own connection", async () => {
    const client = await RawClient.open(world.port, packet(SSL_REQUEST));
    await eventually(() => client.received.length === 1);
    expect(client.received.toString()).toBe("S");
    client.socket.write(Buffer.from("this is no ClientHello at all"));
    await client.closed;
    await goodLogin();
  });

  it("a hundred half handshakes do not hold up a good login", async () => {
    const ways = [
      startup({ user: "ana" }).subarray(0, 6),
      startup({ user: "ana" }),
      packet(SSL_REQUEST),
      Buffer.alloc(0),
    ];
    const clients = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        RawClient.open(world.port, ways[index % ways.length] ?? Buffer.alloc(0)),
      ),
    );
    const began = performance.now();
    await goodLogin();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(clients.filter(({ socket }) => socket.readyState === "open")).toHaveLength(100);
    for (const { socket } of clients) socket.destroy();
  });
});

describe("secrets", () => {
  it("a wrong secret and an unknown principal are told the same, and audited", async () => {
    const wrong = await told(world.connect("ana", { secret: "tws_wrong" }));
    const unknown = await told(world.connect("nobody-here", { secret: "tws_wrong" }));
    expect(wrong).toMatchObject({ severity: "FATAL", code: "28P01", message: failed("ana") });
    expect(unknown).toMatchObject({ severity: "FATAL", code: "28P01", message: failed("nobody-here") });
    expect(unknown.hint).toBe(wrong.hint);
    const users = (await world.audit("login.refused")).map(({ data }) => data.user);
    expect(users).toEqual(expect.arrayContaining(["ana", "nobody-here"]));
  });

  it("only the holder of an expired secret is told so", async () => {
    const { id, secret } = await world.tidewaiter.secret("bo");
    expire(id, 12);
    expect(await told(world.connect("bo", { secret }))).toMatchObject({
      severity: "FATAL",
      code: "28P01",
      message: "connection secret for prod-db expired 12 min ago",
      hint: expect.stringContaining("tw "),
    });
    expect(await told(world.connect("bo", { secret: `${secret}x` }))).toMatchObject({ message: failed("bo") });
    await refusedInAudit("authentication.refused", "expired");
  });

  it("a used-up secret", async () => {
    const { secret } = await world.tidewaiter.secret("bo", { uses: 1 });
    await (await world.connect("bo", { secret })).client.end();
    expect(await told(world.connect("bo", { secret }))).toMatchObject({
      code: "28P01",
      message: "connection secret for prod-db has been used as often as it may be",
    });
    await refusedInAudit("authentication.refused", "used_up");
  });

  it("parallel logins share the uses of a secret exactly", async () => {
    const { secret } = await world.tidewaiter.secret("bo", { uses: 3 });
    const logins = await Promise.allSettled(Array.from({ length: 6 }, () => world.connect("bo", { secret })));
    const open = logins.flatMap((login) => (login.status === "fulfilled" ? [login.value] : []));
    expect(open).toHaveLength(3);
    for (const { client } of open) await client.end();
  });

  it("a revoked secret", async () => {
    const { id, secret } = await world.tidewaiter.secret("bo");
    await world.api("DELETE", `/v1/connection-secrets/${id}`);
    expect(await told(world.connect("bo", { secret }))).toMatchObject({
      code: "28P01",
      message: "connection secret for prod-db was revoked",
    });
    await refusedInAudit("authentication.refused", "revoked");
  });

  it("a disabled principal is told nothing", async () => {
    const secret = await world.secretOf("eva");
    await (await world.connect("eva")).client.end();
    await world.api("PATCH", "/v1/principals/eva", { disabled: true });
    expect(await told(world.connect("eva", { secret }))).toMatchObject({ code: "28P01", message: failed("eva") });
  });

  it("a secret of another resource", async () => {
    expect(await told(world.connect("ana", { database: "other-db" }))).toMatchObject({
      severity: "FATAL",
      code: "42501",
      message: "the connection secret is for another resource",
    });
    await refusedInAudit("session.refused", "secret_other_resource");
  });
});

describe("what is asked for", () => {
  it("a level that is not granted", async () => {
    expect(await told(world.connect("bo", { level: "write" }))).toMatchObject({
      severity: "FATAL",
      code: "42501",
      message: "level write is not granted to you on prod-db",
    });
    await refusedInAudit("session.refused", "level_not_granted");
  });

  it("a resource that is unknown and one that is not granted cannot be told apart", async () => {
    const anywhere = (await world.api("POST", "/v1/connection-secrets", {}, "ana")) as { secret: string };
    for (const secret of [undefined, anywhere.secret]) {
      const options = secret === undefined ? {} : { secret };
      const unknown = await told(world.connect("ana", { database: "no-such-db", ...options }));
      const notGranted = await told(world.connect("ana", { database: "secret-db", ...options }));
      expect(unknown).toMatchObject({ code: "3D000", message: 'there is no resource "no-such-db" for you' });
      expect(shape(notGranted, "secret-db")).toEqual(shape(unknown, "no-such-db"));
    }
    await refusedInAudit("session.refused", "no_grant");
    await refusedInAudit("session.refused", "resource_unknown");
  });

  it("no resource at all", async () => {
    const password = await world.secretOf("ana");
    const login = connectPg({ host: "127.0.0.1", port: world.port, user: "ana", password, database: "ana" });
    expect(await told(login)).toMatchObject({ severity: "FATAL", code: "3D000" });
  });

  it("a database that the target does not have", async () => {
    const refused = await told(world.connect("ana", { database: "prod-db/nowhere" }));
    expect(refused).toMatchObject({ severity: "FATAL", code: "3D000" });
    expect(refused.message).toBe("prod-db: that database does not exist there");
  });

  skipUnless(hasCommand("psql"), "psql").it("psql shows the error as it shows the server's own", async () => {
    const login = { port: world.port, user: "ana", database: "prod-db", args: ["-c", "select 1"] };
    const wrong = await runPsql({ ...login, password: "tws_wrong" });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining(`FATAL:  ${failed("ana")}`) });
    const unknown = await runPsql({ ...login, password: await world.secretOf("ana"), database: "no-such-db" });
    expect(unknown.stderr).toContain('FATAL:  there is no resource "no-such-db" for you\nHINT:  ');
  });
});

it("a handshake that stops half-way is ended after its deadline", async () => {
  expect(await half.end()).toMatchObject({ severity: "FATAL", code: "57014" });
  await goodLogin();
  expect(world.server.output.stderr).toBe("");
});

function failed(user: string): string {
  return `password authentication failed for user "${user}"`;
}

function shape({ code, severity, message, detail, hint }: Told, resource: string) {
  return { code, severity, message: message.replaceAll(resource, "RESOURCE"), detail, hint };
}

async function refusedInAudit(type: string, reason: string): Promise<void> {
  expect((await world.audit(type)).map(({ data }) => data.reason)).toContain(reason);
}

/** No clock of the product can be turned: the store says that the time has come. */
function expire(secretId: string, minutesAgo: number): void {
  const store = new DatabaseSync(`${world.tidewaiter.dataDir}/server/tidewaiter.db`);
  const expiresAt = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  store.prepare("update connection_secrets set expires_at = ? where id = ?").run(expiresAt, secretId);
  store.close();
}
