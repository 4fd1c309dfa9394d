import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { connect, type TLSSocket } from "node:tls";
import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { ANA, type AskOptions, type KubeWorld, RESOURCE, SERVER_NAME, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing === undefined) world = await startWorld([]);
});
afterAll(async () => world?.[Symbol.asyncDispose]());

async function ask(path: string, options?: AskOptions) {
  const { status, headers, bytes } = await world.ask(path, options);
  const content = bytes.toString("utf8");
  return { status, headers, body: content.startsWith("{") ? JSON.parse(content) : { content } };
}

async function raw(): Promise<TLSSocket> {
  const socket = connect({
    host: "127.0.0.1",
    port: world.gateway.port,
    ca: world.caPem,
    servername: SERVER_NAME,
    ALPNProtocols: ["http/1.1"],
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

skipUnless(missing === undefined, missing ?? "").describe("a stranger at the Kubernetes listener", () => {
  const { it } = skipUnless(true, "");

  it("learns nothing without a token of the gateway's own", async () => {
    const tokens = [
      null,
      "ana",
      "ana~wrong",
      "nobody~wrong",
      world.cluster.adminToken,
      `ana/root~${world.gateway.secret}`,
      "~",
    ];
    for (const token of tokens) {
      const { status, body } = await ask("/api/v1/secrets", { token });
      expect({ token, status, reason: body.reason }).toEqual({ token, status: 401, reason: "Unauthorized" });
      expect(body.message).toContain(`tw kube login ${RESOURCE}`);
    }
    const refused = world.gateway.audit.filter(({ type }) => type === "login.refused").map(({ data }) => data);
    expect(refused).toContainEqual(expect.objectContaining({ user: "nobody", reason: "unknown" }));
    // four that are none of ours; what they are may be a secret elsewhere
    expect(refused.filter(({ reason }) => reason === "no_token_of_ours")).toHaveLength(4);
    expect(JSON.stringify(refused)).not.toContain(world.cluster.adminToken);
  });

  it("is cut off after some wrong tokens on one connection", async () => {
    const socket = await raw();
    const wrong = "GET /api HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ana~wrong\r\n\r\n";
    const over = once(socket, "close");
    for (let sent = 0; sent < 5; sent++) socket.write(wrong);
    socket.resume();
    await over;
  });

  it("is told which address names no cluster, and of none that it may not reach", async () => {
    expect(await ask("/api", { servername: "localhost" })).toMatchObject({ status: 404 });
    expect(await ask("/kube/other/api", { servername: "localhost" })).toMatchObject({ status: 403 });
    expect(await ask(`/kube/${RESOURCE}/api`, { servername: "localhost" })).toMatchObject({ status: 200 });
  });

  it("is who its token says, whatever its headers say", async () => {
    const spellings = {
      "Impersonate-User": "system:admin",
      "impersonate-group": "system:masters",
      "IMPERSONATE-UID": "0",
      "Impersonate-Extra-scopes": "all",
      "X-Remote-User": "system:admin",
      "X-Remote-Group": "system:masters",
      Impersonate_User: "system:admin",
    };
    const { status } = await ask("/api/v1/namespaces?limit=7", { headers: spellings });
    expect(status).toBe(200);
    const line = await vi.waitFor(() => {
      const found = world.cluster.auditLog().find(({ requestURI }) => requestURI.endsWith("?limit=7"));
      if (found === undefined) throw new Error("not audited yet");
      return found;
    });
    expect(line.user.username).toBe("gateway");
    expect(line.impersonatedUser?.username).toBe("ana");
    expect(line.impersonatedUser?.groups).toEqual(["developers", "tidewaiter:level:write", "system:authenticated"]);
    expect(line.impersonatedUser?.extra ?? {}).toEqual({});
  });

  it("cannot smuggle a second request behind the first", async () => {
    const socket = await raw();
    const token = `authorization: Bearer ${world.token()}`;
    socket.end(
      `POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\n${token}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\nhost: x\r\n\r\n`,
    );
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toContain("SecretList");
  });

  it("gets a Status for what is too long, and for what is no HTTP", async () => {
    const long = await raw();
    long.write(`GET /api?${"x".repeat(300_000)} HTTP/1.1\r\nhost: x\r\n\r\n`);
    // who sends on is told as well
    long.write("y".repeat(300_000));
    expect(await text(long)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"kind":"Status"/);
    const garbage = await raw();
    garbage.write("\u0000\u0001\u0002 hello\r\n\r\n");
    expect(await text(garbage)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"kind":"Status"/);
    const big = Buffer.alloc(4 * 1024 * 1024, 0x20);
    const headers = { "content-type": "application/json" };
    const { status, body } = await ask("/api/v1/namespaces", {
      method: "POST",
      body: big,
      headers,
      token: world.token(),
    });
    expect([status, body.reason]).toEqual([413, "RequestEntityTooLarge"]);
  });

  it("finds what could not be read in the recording, and the first of many", async () => {
    const login = world.token("ana/admin");
    await ask("/api", { token: login });
    const session = [...world.gateway.sessions].find(({ authorized }) => authorized.level === "admin");
    if (session === undefined) throw new Error("no session");
    const before = world.gateway.events.length;
    const { refused: refusedBefore, statements: statementsBefore } = session.counters;
    const upgrade =
      "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGVzdA==";
    const head = `host: x\r\nauthorization: Bearer ${login}\r\n`;
    const oneAfterTheOther = async (...requests: readonly string[]) => {
      const socket = await raw();
      for (const request of requests.slice(0, -1)) {
        socket.write(request);
        await once(socket, "data");
      }
      const rest = text(socket);
      socket.end(requests.at(-1) ?? "");
      await rest;
    };
    const json = { "content-type": "application/json" };
    await ask("/api/v1/../secrets", { token: login });
    await ask("/api/v1/pods", { token: login, method: "TRACE" });
    await ask("/api/v1/namespaces/default/pods/web/exec", { token: login, method: "POST" });
    await ask("/api/v1/namespaces", {
      token: login,
      method: "POST",
      body: Buffer.alloc(4_000_000, 0x20),
      headers: json,
    });
    await ask("/api/v1/namespaces", { token: login, method: "POST", body: "{}", headers: { "content-type": "x/y" } });
    await oneAfterTheOther(`GET /api/v1/secrets HTTP/1.1\r\n${head}${upgrade}\r\n\r\n`);
    await oneAfterTheOther(
      `GET /api HTTP/1.1\r\n${head}\r\n`,
      `GET /api?${"x".repeat(300_000)} HTTP/1.1\r\n${head}\r\n`,
    );
    await oneAfterTheOther(`GET /api HTTP/1.1\r\n${head}\r\n`, "no HTTP\r\n\r\n");
    const shown = await vi.waitFor(() => {
      const of = world.gateway.events.slice(before);
      const found = of.flatMap((event) =>
        event.type === "operation" && event.outcome === "deny"
          ? [[event.text, event.reason?.slice(0, 28).trimEnd()]]
          : [],
      );
      if (found.length < 7) throw new Error(`${found.length} of 7`);
      return found;
    });
    const namespaces = "POST /api/v1/namespaces";
    expect(shown).toEqual([
      ["GET /api/v1/../secrets", "400: the path is not one tha"],
      ["TRACE /api/v1/pods", "405: TRACE is no method of t"],
      ["POST /api/v1/namespaces/default/pods/web/exec", "400: the request has to ask"],
      [namespaces, "413: the body is longer than"],
      ["GET /api/v1/secrets", "400: this path is not one th"],
      ["(a request that cannot be read)", "413: the head of the request"],
      ["(a request that cannot be read)", "400: this is not HTTP that t"],
    ]);
    // this one is for the policy to decide; there is none here, so the API server did
    const unread = world.gateway.events
      .slice(before)
      .find((event) => event.type === "operation" && event.text === `${namespaces}\n(2 bytes that are not read)`);
    if (unread?.type !== "operation") throw new Error("not recorded");
    expect(world.gateway.events).toContainEqual(expect.objectContaining({ operation: unread.operation, tag: "415" }));
    for (let sent = 0; sent < 10; sent++)
      await Promise.all(Array.from({ length: 10 }, () => ask("/api//v1", { token: login })));
    const of = world.gateway.events.slice(before);
    expect(of.filter((event) => event.type === "operation" && event.text === "GET /api//v1").length).toBeLessThan(60);
    const { refused, statements } = session.counters;
    expect(refused - refusedBefore).toBe(107);
    // and the three that were read
    expect(statements - statementsBefore).toBe(110);
    session.interrupt({ type: "killed", reason: "over" });
    await session.end("");
    const told = world.gateway.events.find((event) => event.type === "notice" && event.code === "unread_requests");
    expect(told).toMatchObject({ text: expect.stringMatching(/^47 more requests that could not be read/) });
  });

  it("may not switch protocols where nothing is to be switched", async () => {
    const socket = await raw();
    const upgrade =
      "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGVzdA==";
    socket.write(
      `GET /api/v1/secrets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${world.token()}\r\n${upgrade}\r\n\r\n`,
    );
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"kind":"Status"/);
  });

  it("has one session however many connections and requests it makes, over HTTP/2 too", async () => {
    await Promise.all(Array.from({ length: 8 }, () => ask("/api/v1/namespaces")));
    const client = connectHttp2(`https://127.0.0.1:${world.gateway.port}`, {
      ca: world.caPem,
      servername: SERVER_NAME,
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const stream = client.request({ ":path": "/api/v1/namespaces", authorization: `Bearer ${world.token()}` });
        const [headers] = await once(stream, "response");
        return { status: headers[":status"], body: JSON.parse(await text(stream)).kind };
      }),
    );
    client.close();
    expect(answers).toEqual(Array.from({ length: 50 }, () => ({ status: 200, body: "NamespaceList" })));
    const ofAna = [...world.gateway.sessions].filter(({ authorized }) => authorized.level === "write");
    expect(ofAna).toHaveLength(1);
  });

  it("loses its streams when its session is ended, and gets no new ones with an old connection", async () => {
    const login = world.token("ana/admin");
    const socket = await raw();
    socket.write(
      `GET /api/v1/namespaces?watch=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${login}\r\n\r\n`,
    );
    await once(socket, "data");
    const session = [...world.gateway.sessions].find(({ authorized }) => authorized.level === "admin");
    if (session === undefined) throw new Error("no session");
    const rest = text(socket);
    session.interrupt({ type: "killed", reason: "an administrator ended the session" });
    expect(await rest).toContain("an administrator ended the session");
    await session.end("");
    expect(world.gateway.sessions.has(session)).toBe(false);
  });
});

skipUnless(missing === undefined, missing ?? "").describe("names of the cluster's own", () => {
  const { it } = skipUnless(true, "");

  it("are nobody's, whatever an identity provider says", async () => {
    await using evil = await startWorld([], { principals: [{ ...ANA, groups: ["developers", "system:masters"] }] });
    const result = await evil.kubectl(["get", "ns"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("ana is not introduced to prod: system:masters is a name of the cluster's own");
    expect(evil.cluster.auditLog().filter(({ impersonatedUser }) => impersonatedUser !== undefined)).toEqual([]);
  });
});
