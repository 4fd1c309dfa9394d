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
    expect(world.gateway.audit.some(({ type, data }) => type === "login.refused" && data.user === "nobody")).toBe(true);
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
