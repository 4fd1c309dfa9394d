import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { certificateAuthority } from "@tidewaiter/testkit";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAgent, TestGateway, temporaryDirectory } from "./fixture.ts";

async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function listen(onConnection: (socket: Socket) => void, path?: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  return server;
}

const echo = (socket: Socket): void => {
  socket.on("error", () => {}).pipe(socket);
};
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe("agent process and tunnel hub", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let gateway: TestGateway;
  let agent: TestAgent;
  let agentId: string;
  let echoServer: Server;
  let echoAddress: string;
  let args: string[];
  const servers: Server[] = [];
  const env = { TIDEWAITER_JOIN_TOKEN: "token-1", SITE_SECRET: "only here" };

  async function serve(onConnection: (socket: Socket) => void): Promise<string> {
    const server = await listen(onConnection);
    servers.push(server);
    return `127.0.0.1:${portOf(server)}`;
  }

  const open = async (addr: string, claims = {}): Promise<Duplex> =>
    gateway.hub.openStream({ agentId, sessionGrant: await gateway.grant(agentId, addr, claims) });

  beforeAll(async () => {
    directory = await temporaryDirectory();
    gateway = await TestGateway.start();
    gateway.tokens.add("token-1");
    echoServer = await listen(echo);
    servers.push(echoServer, await listen(echo, join(directory.path, "echo.sock")));
    echoAddress = `127.0.0.1:${portOf(echoServer)}`;
    await writeFile(join(directory.path, "secret"), "from a file");
    args = [
      ...["run", "--json", "--url", gateway.url, "--state-dir", join(directory.path, "state"), "--name", "edge"],
      ...["--allow", "127.0.0.1:*", "--allow", "no-such-host.invalid:1", "--allow", `unix:${directory.path}/echo.sock`],
      ...["--allow-secret", "env:SITE_SECRET", "--allow-secret", `file:${directory.path}/secret`],
    ];
    const connected = gateway.next("connected");
    agent = new TestAgent(args, env);
    const { agent: info } = await connected;
    agentId = info.id;
  });

  afterAll(async () => {
    await agent.stop();
    await gateway.crash();
    for (const server of servers) server.close();
    await directory[Symbol.asyncDispose]();
  });

  it("joined with a public key only, and is listed with version and health", async () => {
    expect(gateway.joinRequests).toEqual([
      {
        token: "token-1",
        name: "edge",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        publicKey: { kty: "OKP", crv: "Ed25519", x: expect.any(String) },
      },
    ]);
    if (gateway.hub.agents()[0]?.lastHealth === undefined) await gateway.next("health");
    expect(gateway.hub.agents()).toMatchObject([
      { id: agentId, name: "edge", version: expect.any(String), lastHealth: { rssKib: expect.any(Number) } },
    ]);
  });

  it("reaches a TCP target; each direction ends by itself", async () => {
    const stream = await open(echoAddress);
    const bytes = randomBytes(3 * 1024 * 1024);
    stream.end(bytes);
    expect((await readAll(stream)).equals(bytes)).toBe(true);
  });

  it("passes on the end of the target's direction while ours goes on", async () => {
    const received: Promise<Buffer>[] = [];
    const address = await serve((socket) => {
      socket.end("bye");
      received.push(readAll(socket));
    });
    const stream = await open(address);
    expect((await readAll(stream)).toString()).toBe("bye");
    stream.end("still talking");
    await once(stream, "close");
    expect((await received[0])?.toString()).toBe("still talking");
  });

  it("tells the gateway when the target breaks off", async () => {
    const address = await serve((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const stream = await open(address);
    stream.write("x");
    await new Promise<void>((resolve) => stream.once("close", resolve));
    expect(stream.errored).toMatchObject({ code: "reset", reason: { code: "target_lost" } });
  });

  it("ends the target's connection when the gateway resets the stream", async () => {
    const closed = Promise.withResolvers<void>();
    const address = await serve((socket) => {
      socket.on("error", () => {}).resume();
      socket.once("end", () => closed.resolve());
    });
    const stream = await open(address);
    stream.destroy();
    await closed.promise;
  });

  it("carries TLS from the gateway to the target end to end", async () => {
    const authority = await certificateAuthority();
    const { certPem, keyPem } = await authority.issue({ commonName: "db", names: ["db.internal"], usage: "server" });
    const target = createTlsServer({ cert: certPem, key: keyPem, allowHalfOpen: true }, echo);
    target.listen(0, "127.0.0.1");
    await once(target, "listening");
    servers.push(target);
    const secure = connectTls({
      socket: await open(`127.0.0.1:${portOf(target)}`),
      servername: "db.internal",
      ca: authority.caPem,
    });
    await once(secure, "secureConnect");
    expect(secure.authorized).toBe(true);
    const bytes = randomBytes(2 * 1024 * 1024);
    secure.end(bytes);
    expect((await readAll(secure)).equals(bytes)).toBe(true);
  });

  it("reaches a Unix socket", async () => {
    const stream = await open(`unix:${directory.path}/echo.sock`);
    stream.end("local");
    expect((await readAll(stream)).toString()).toBe("local");
  });

  it("serves 20 streams at once, one grant for several dials", async () => {
    const sessionGrant = await gateway.grant(agentId, echoAddress);
    const work = Array.from({ length: 20 }, async () => {
      const stream = await gateway.hub.openStream({ agentId, sessionGrant });
      const bytes = randomBytes(200_000);
      stream.end(bytes);
      return (await readAll(stream)).equals(bytes);
    });
    expect(await Promise.all(work)).toEqual(new Array(20).fill(true));
  });

  it.each<[string, string, () => Promise<Duplex>]>([
    ["an address off the list", "not_allowed", () => open("127.0.0.2:5432")],
    ["another Unix socket", "not_allowed", () => open("unix:/run/docker.sock")],
    ["an expired grant", "grant_expired", () => open(echoAddress, { nbf: 1, exp: 2 })],
    ["a grant for another agent", "grant_invalid", () => open(echoAddress, { aud: "agent-99" })],
    ["a grant for another gateway", "wrong_session", () => open(echoAddress, { gw: "gw-other" })],
    ["a tampered grant", "grant_invalid", async () => openWith(tamper(await gateway.grant(agentId, echoAddress)))],
    ["an unsigned grant", "grant_invalid", async () => openWith(unsigned(await gateway.grant(agentId, echoAddress)))],
    ["a closed port", "refused", async () => open(await closedPort())],
    ["a name that does not resolve", "dns", () => open("no-such-host.invalid:1")],
  ])("refuses %s", async (_name, code, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ code: "agent_refused", reason: { code } });
  });

  const openWith = (sessionGrant: string): Promise<Duplex> => gateway.hub.openStream({ agentId, sessionGrant });

  async function closedPort(): Promise<string> {
    const server = await listen(() => {});
    const address = `127.0.0.1:${portOf(server)}`;
    server.close();
    await once(server, "close");
    return address;
  }

  it("hands over the secrets on its list, and no others", async () => {
    const ask = async (name: string, secretGrant: Promise<string>): Promise<string> =>
      Buffer.from(await gateway.hub.fetchSecret({ agentId, secretGrant: await secretGrant, name })).toString();
    const fetch = (name: string): Promise<string> => ask(name, gateway.secretGrant(agentId, name));
    expect(await fetch("env:SITE_SECRET")).toBe("only here");
    expect(await fetch(`file:${directory.path}/secret`)).toBe("from a file");
    for (const name of ["env:TIDEWAITER_JOIN_TOKEN", "file:/etc/passwd", `file:${directory.path}/../secret`]) {
      await expect(fetch(name)).rejects.toMatchObject({ code: "agent_refused", reason: { code: "not_allowed" } });
    }
    const name = "env:SITE_SECRET";
    const refused: [string, Promise<string>][] = [
      ["grant_expired", gateway.secretGrant(agentId, name, { nbf: 1, exp: 2 })],
      ["grant_invalid", gateway.secretGrant(agentId, `file:${directory.path}/secret`)],
      ["grant_invalid", gateway.secretGrant("another-agent", name)],
      ["wrong_session", gateway.secretGrant(agentId, name, { gw: "gw-other" })],
      // A grant to dial is none to read, whatever stands in it.
      ["grant_invalid", gateway.grant(agentId, echoAddress, { sec: name })],
    ];
    for (const [code, grant] of refused) await expect(ask(name, grant)).rejects.toMatchObject({ reason: { code } });
  });

  it("comes back by itself after the gateway was lost, without joining again", async () => {
    const stream = await open(echoAddress);
    const lost = new Promise<void>((resolve) => stream.once("close", resolve));
    await gateway.crash();
    await lost;
    await expect(open(echoAddress)).rejects.toMatchObject({ code: "agent_offline" });
    const connected = gateway.next("connected");
    await gateway.restart();
    expect((await connected).agent.id).toBe(agentId);
    expect(gateway.joinRequests).toHaveLength(1);
    const again = await open(echoAddress);
    again.end("back");
    expect((await readAll(again)).toString()).toBe("back");
  });

  it("follows new grant keys only when a key it trusts signed them", async () => {
    const now = Math.floor(Date.now() / 1000);
    const next = await TestGateway.start();
    const nextKeys = { keys: next.grantKeys.keys.map((key) => ({ ...key, kid: "k2" })) };
    const newGrant = (): Promise<string> => {
      if (next.signingKey === undefined) throw new Error("no key");
      return new SignJWT({ aud: agentId, gw: "gw-test", sid: "s", addr: echoAddress })
        .setProtectedHeader({ alg: "EdDSA", typ: "tw-session-grant+jwt", kid: "k2" })
        .setIssuer("tidewaiter")
        .setNotBefore(now)
        .setExpirationTime(now + 60)
        .sign(next.signingKey);
    };
    await expect(openWith(await newGrant())).rejects.toMatchObject({ reason: { code: "grant_invalid" } });
    if (gateway.signingKey === undefined) throw new Error("no key");
    gateway.grantKeysStatement = await new SignJWT({ keys: [...gateway.grantKeys.keys, ...nextKeys.keys] })
      .setProtectedHeader({ alg: "EdDSA", typ: "tw-grant-keys+jwt", kid: "k1" })
      .setIssuer("tidewaiter")
      .setExpirationTime(now + 60)
      .sign(gateway.signingKey);
    const connected = gateway.next("connected");
    gateway.hub.disconnect(agentId, "rotate");
    await connected;
    const stream = await openWith(await newGrant());
    stream.end("new key");
    expect((await readAll(stream)).toString()).toBe("new key");
    await next.crash();
  });

  it("a second process with the used token is told so and ends with 3", async () => {
    const second = new TestAgent(
      args.map((arg) => (arg === join(directory.path, "state") ? `${arg}-2` : arg)),
      env,
    );
    expect(await second.exit).toBe(3);
    expect(second.log).toContain("The join token is unknown or was used already.");
  });

  it("stops with 0 on SIGTERM, and its log holds neither token nor grant nor secret", async () => {
    const disconnected = gateway.next("disconnected");
    const stream = await open(echoAddress);
    agent.process.kill("SIGTERM");
    // No new streams, but this one may come to its end.
    const attempt = (): Promise<unknown> =>
      open(echoAddress).then(
        (another) => another.destroy(),
        (error: unknown) => error,
      );
    await expect.poll(attempt).toMatchObject({ code: "agent_offline" });
    stream.end("last");
    expect((await readAll(stream)).toString()).toBe("last");
    expect(await agent.exit).toBe(0);
    expect((await disconnected).reason).toBe("the agent stops");
    for (const secret of ["token-1", "only here", "from a file", "eyJ"]) expect(agent.log).not.toContain(secret);
  });

  it("starts again with its stored identity and no token, and is refused once it is forgotten", async () => {
    const connected = gateway.next("connected");
    agent = new TestAgent(args, {});
    expect((await connected).agent.id).toBe(agentId);
    gateway.forget(agentId);
    const refused = gateway.next("refused");
    gateway.hub.disconnect(agentId, "removed");
    expect((await refused).reason).toBe("unknown agent");
    expect(gateway.hub.agents()).toEqual([]);
  });
});

describe("agent process over TLS", () => {
  it("joins and connects when it trusts the gateway's authority, and not otherwise", async () => {
    await using directory = await temporaryDirectory();
    const authority = await certificateAuthority();
    const { certPem, keyPem } = await authority.issue({ commonName: "gw", names: ["127.0.0.1"], usage: "server" });
    const gateway = await TestGateway.start({ cert: certPem, key: keyPem });
    gateway.tokens.add("token-tls");
    await writeFile(join(directory.path, "ca.pem"), authority.caPem);
    const args = ["run", "--url", gateway.url, "--state-dir", join(directory.path, "state"), "--name", "edge"];
    const env = { TIDEWAITER_JOIN_TOKEN: "token-tls" };
    const distrusting = new TestAgent(args, env);
    await expect.poll(() => distrusting.log, { timeout: 5000 }).toContain("cannot join yet");
    await distrusting.stop();
    expect(gateway.joinRequests).toEqual([]);
    const connected = gateway.next("connected");
    const agent = new TestAgent([...args, "--ca-file", join(directory.path, "ca.pem")], env);
    expect((await connected).agent.name).toBe("edge");
    await agent.stop();
    await gateway.crash();
  });
});

function tamper(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sid: "s-2" })).toString("base64url");
  return `${header}.${changed}.${signature}`;
}

function unsigned(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: "none", typ: "tw-session-grant+jwt", kid: "k1" })).toString(
    "base64url",
  );
  return `${header}.${token.split(".")[1]}.`;
}
