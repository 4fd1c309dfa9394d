import { once } from "node:events";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { connect, createSecureContext, createServer, type TLSSocket } from "node:tls";
import type { Protocol } from "@tidewaiter/core";
import { KUBERNETES_DOMAIN } from "@tidewaiter/kubernetes/accept-client/choose-resource";
import { createKubernetesProtocol, type KubernetesOptions } from "@tidewaiter/kubernetes/serve";
import { certificateAuthority } from "@tidewaiter/testkit";
import { describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { ANA, RESOURCE, SERVER_NAME } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

interface Site extends AsyncDisposable {
  readonly gateway: Harness;
  readonly caPem: string;
  /** Connections that the API server has. */
  readonly sockets: Set<TLSSocket>;
}

/** A double of an API server, which answers the head of each request as `answer` likes: no real one is that bad. */
async function startSite(
  answer: (socket: TLSSocket, head: string) => void,
  { policy, ...options }: Partial<KubernetesOptions> & { readonly policy?: string } = {},
): Promise<Site> {
  const authority = await certificateAuthority("Gateway of the tests");
  const names = [`*.${KUBERNETES_DOMAIN}`, "127.0.0.1"];
  const { certPem: cert, keyPem: key } = await authority.issue({ commonName: "both", names, usage: "server" });
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => answer(socket, chunk.toString("latin1")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const context = createSecureContext({ cert, key });
  const protocol = createKubernetesProtocol({ secureContext: () => context, ...options });
  const gateway = await startHarness({
    target: { port },
    database: "",
    policies: policy === undefined ? [] : [{ name: "kube", source: policy }],
    principals: [ANA],
    other: {
      resource: RESOURCE,
      protocol: protocol as unknown as Protocol<never, Duplex>,
      target: {
        server: `https://127.0.0.1:${port}`,
        ca: authority.caPem,
        identity: "person",
        userPrefix: "",
        groupPrefix: "",
      },
      credential: { type: "token", username: "gateway", token: "t" },
    },
  });
  return {
    gateway,
    caPem: authority.caPem,
    sockets,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** By an end or by a reset. */
function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function raw({ gateway, caPem }: Site): Promise<TLSSocket> {
  const { port } = gateway;
  const socket = connect({ host: "127.0.0.1", port, ca: caPem, servername: SERVER_NAME, ALPNProtocols: ["http/1.1"] });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

async function ask(
  { gateway, caPem }: Site,
  path: string,
  {
    method = "GET",
    type,
    body = "",
  }: { readonly method?: string; readonly type?: string; readonly body?: string } = {},
) {
  const headers = { authorization: `Bearer ana/write~${gateway.secret}`, ...(type && { "content-type": type }) };
  const where = { host: "127.0.0.1", port: gateway.port, ca: caPem, servername: SERVER_NAME };
  const sent = request({ ...where, path, method, agent: false, headers });
  sent.end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode as number, body: await text(response).catch(() => "cut") };
}

const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

describe("an API server that misbehaves", () => {
  it.each([
    ["switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"],
    ["is no HTTP server", "220 mail.example ESMTP\r\n"],
    ["hangs up", ""],
    ["answers with a status that is none", "HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n"],
    ["says two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x"],
    ["answers a Secret as text", "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nhi"],
    [
      "answers half a Secret",
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"data":{`,
    ],
  ])("and %s makes a Status, and nothing hangs", async (_, answer) => {
    await using site = await startSite((socket) => socket.end(answer));
    const { status, body } = await ask(site, "/api/v1/secrets");
    expect(status).toBeGreaterThanOrEqual(500);
    expect(JSON.parse(body).kind).toBe("Status");
    await vi.waitFor(() => expect(site.sockets.size).toBe(0));
  });
});

describe("a client that does not read", () => {
  it("keeps nothing of a session that has ended", async () => {
    const piece = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    await using site = await startSite((api) => {
      api.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n");
      const more = (): void => {
        while (!api.destroyed && api.write(piece));
      };
      api.on("drain", more);
      more();
    });
    const client = await raw(site);
    client.pause();
    client.write(`GET /api/v1/pods HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ana~${site.gateway.secret}\r\n\r\n`);
    let before = -1;
    await vi.waitFor(
      () => {
        const now = [...site.sockets][0]?.bytesWritten ?? -1;
        const stalls = now > 0 && now === before;
        before = now;
        expect(stalls).toBe(true);
      },
      { timeout: 20_000, interval: 300 },
    );
    const [session] = site.gateway.sessions;
    session?.interrupt({ type: "killed", reason: "an administrator ended the session" });
    await vi.waitFor(() => {
      expect(site.gateway.events.filter(({ type }) => type === "operation_finished")).toHaveLength(1);
      expect(site.sockets.size).toBe(0);
    });
    const rest = await text(client).catch(() => "");
    expect(rest.endsWith("\r\n0\r\n\r\n")).toBe(false);
  });
});

it("a log over a WebSocket that breaks off ends the WebSocket", async () => {
  await using site = await startSite((api) => {
    api.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nhello\n");
    setTimeout(() => api.destroy(), 100);
  });
  // the types do not know that the options of TLS are taken too
  const tls = { ca: site.caPem, servername: SERVER_NAME };
  const options = { ...tls, headers: { authorization: `Bearer ana~${site.gateway.secret}` } };
  const url = `wss://127.0.0.1:${site.gateway.port}/api/v1/namespaces/a/pods/b/log?follow=1`;
  const socket = new WebSocket(url, "binary.k8s.io", options);
  const messages: string[] = [];
  socket.on("message", (message) => messages.push(String(message)));
  const [code] = await once(socket, "close");
  expect(messages.join("")).toBe("hello\n");
  expect(code).not.toBe(1000);
});

describe("a stranger", () => {
  it("has to show a token in time, and has to send a request whole", async () => {
    await using site = await startSite(() => {}, { handshakeMs: 300 });
    for (const sent of ["", "GET /api HTTP/1.1\r\nhost: x\r\n", "GET /api HTTP/1.1\r\nhost: x\r\n\r\n"]) {
      const socket = await raw(site);
      const over = closed(socket);
      socket.resume().write(sent);
      await over;
    }
  });

  it("makes the gateway look at a few tokens, however many it sends", async () => {
    await using site = await startSite(() => {});
    const socket = await raw(site);
    const one = (token: number) => `GET /api HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ana~wrong${token}\r\n\r\n`;
    socket.write(Array.from({ length: 200 }, (_, index) => one(index)).join(""));
    expect((await text(socket)).match(/HTTP\/1\.1 401/g)?.length).toBe(200);
    expect(site.gateway.audit.filter(({ type }) => type === "login.refused")).toHaveLength(5);
  });
});

describe("an approval", () => {
  const policy = `
version: 1
defaults: { builtins: { kube_proxy: allow } }
rules:
  - id: asks
    when: 'kube.verb in ["patch", "create"]'
    review: { by: ["group:sre"] }
    reason: it is a change
`;

  it.each([
    ["of a patch is for no other kind of patch", "/api/v1/namespaces/a/pods/b", "PATCH"],
    ["of what a service is sent is for nothing else", "/api/v1/namespaces/a/services/b/proxy/c", "POST"],
  ])("%s", async (_, path, method) => {
    await using site = await startSite((api) => api.end(OK), { policy });
    const merge = { method, type: "application/merge-patch+json", body: '{"spec":{"a":1}}' };
    const asked = site.gateway.nextReview();
    expect((await ask(site, path, merge)).status).toBe(403);
    await site.gateway.decide(await asked, "approve", "sam", "ok");
    const others = [
      { ...merge, type: "application/strategic-merge-patch+json" },
      { ...merge, body: '{"spec":{"a":2}}' },
    ];
    for (const other of others) expect((await ask(site, path, other)).status).toBe(403);
    expect((await ask(site, `${path}?force=true`, merge)).status).toBe(403);
    expect((await ask(site, path, merge)).status).toBe(200);
    expect((await ask(site, path, merge)).status).toBe(403);
  });
});

it("a service that wants a login of its own is not taken for the API server", async () => {
  const policy = "version: 1\ndefaults: { builtins: { kube_proxy: allow } }\n";
  let asked = 0;
  await using site = await startSite(
    (api) => {
      asked++;
      api.end("HTTP/1.1 401 Unauthorized\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nlogin");
    },
    { policy },
  );
  expect(await ask(site, "/api/v1/namespaces/a/services/b/proxy/")).toEqual({ status: 401, body: "login" });
  expect(asked).toBe(1);
  expect((await ask(site, "/api/v1/namespaces/a/services/b")).status).toBe(502);
});

it("a log shows nothing of what it is cut in, where the whole would be masked", async () => {
  const policy = "version: 1\nlabels:\n  contact.email: { detect: [email] }\n";
  const line = "from lee.canary@example.com today\n";
  await using site = await startSite(
    (api, head) => {
      const limit = Number(/limitBytes=(\d+)/.exec(head)?.[1] ?? line.length);
      const body = line.slice(0, limit);
      api.end(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    },
    { policy },
  );
  const { body } = await ask(site, "/api/v1/namespaces/a/pods/b/log?limitBytes=16");
  expect(body).toBe("from [mail] toda");
});

it("a client that sends requests without end and waits for no answer is cut off", async () => {
  await using site = await startSite(() => {});
  const socket = await raw(site);
  const over = closed(socket);
  const one = `GET /api HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ana~${site.gateway.secret}\r\n\r\n`;
  socket.resume().write(one.repeat(2_000));
  await over;
  const judged = site.gateway.events.filter(({ type }) => type === "operation").length;
  expect(judged).toBeLessThanOrEqual(300);
  await vi.waitFor(() => expect(site.sockets.size).toBe(0));
});

it("however a token is written in the header, it is one session", async () => {
  await using site = await startSite((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
  const socket = await raw(site);
  const { secret } = site.gateway;
  const forms = ["Bearer ", "bearer ", "BEARER  ", "Bearer    "];
  const ask = (form: string) => `GET /api HTTP/1.1\r\nhost: x\r\nauthorization: ${form}ana~${secret}\r\n\r\n`;
  socket.write(forms.map(ask).join(""));
  const answers = text(socket);
  await vi.waitFor(() =>
    expect(site.gateway.events.filter(({ type }) => type === "operation_finished")).toHaveLength(4),
  );
  expect(site.gateway.sessions.size).toBe(1);
  socket.end();
  expect((await answers).match(/HTTP\/1\.1 200/g)).toHaveLength(4);
});
