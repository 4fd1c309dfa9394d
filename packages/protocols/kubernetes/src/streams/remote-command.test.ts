import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { KubeOperation, SessionEvent } from "@tidewaiter/core";
import { duplexPair, eventually, readAll } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import type { Upgraded } from "../connect-target/upstream.ts";
import type { KubeContext } from "../session/context.ts";
import { SpdyConnection, type SpdyStream } from "../spdy/connection.ts";
import { WebSocketChannels } from "../websocket/channels.ts";
import { acceptOf } from "../websocket/handshake.ts";
import { ClientEnd } from "./client-end.ts";
import { openRemoteCommand } from "./open-remote-command.ts";
import { relayRemoteCommand } from "./relay-remote-command.ts";
import { relayStream } from "./relay-stream.ts";
import { CHANNEL, type RemoteCommand } from "./remote-command.ts";
import { readStreamStatus } from "./stream-status.ts";
import { TerminalSizes } from "./terminal-sizes.ts";
import { queryOf, readWish, shownCommand } from "./wish.ts";

const WISH = { stdin: true, stdout: true, stderr: true, tty: false };

function answered(statusCode: number): Upgraded {
  const response = Object.assign(new IncomingMessage(new Socket()), { statusCode });
  response.push(null);
  return { ok: false, response };
}

/** A server that has upgraded to SPDY, as kubelets do. */
function spdyServer(): { near: Duplex; streams: Map<string, SpdyStream> } {
  const [near, far] = duplexPair();
  const streams = new Map<string, SpdyStream>();
  new SpdyConnection(far, Buffer.alloc(0), {
    role: "server",
    onStream: (stream) => streams.set(stream.headers.get("streamtype") ?? "", stream).size > 0,
  });
  return { near, streams };
}

it("an API server that takes no WebSocket of v5 is spoken to by SPDY", async () => {
  for (const first of ["refuses", "picks another protocol", "proves nothing"]) {
    const { near, streams } = spdyServer();
    const asked: string[] = [];
    const opened = await openRemoteCommand({
      target: {
        async upgrade({ method, headers }) {
          asked.push(`${method} ${headers.upgrade}`);
          if (headers.upgrade === "SPDY/3.1")
            return {
              ok: true,
              socket: near,
              head: Buffer.alloc(0),
              headers: { "x-stream-protocol-version": "v4.channel.k8s.io" },
            };
          if (first === "refuses") return answered(403);
          const key = first === "proves nothing" ? "x" : String(headers["sec-websocket-key"]);
          const protocol = first === "proves nothing" ? "v5.channel.k8s.io" : "v4.channel.k8s.io";
          const said = { "sec-websocket-accept": acceptOf(key), "sec-websocket-protocol": protocol };
          return { ok: true, socket: duplexPair()[0], head: Buffer.alloc(0), headers: said };
        },
      },
      path: "/x",
      query: "a=b",
      headers: {},
      wish: WISH,
      transport: "websocket",
      signal: new AbortController().signal,
    });
    expect(asked).toEqual(["GET websocket", "POST SPDY/3.1"]);
    if (!opened.ok) throw new Error("not opened");
    expect([...streams.keys()].sort()).toEqual(["error", "stderr", "stdin", "stdout"]);
    opened.command.stdin?.end("in");
    expect((await readAll(streams.get("stdin") as Duplex)).toString()).toBe("in");
    streams.get("stdout")?.end("out");
    expect((await readAll(opened.command.stdout as Duplex)).toString()).toBe("out");
    opened.command.destroy();
  }
});

function webSocketEnds(role: "client" | "server"): { mine: RemoteCommand; theirs: WebSocketChannels } {
  const [near, far] = duplexPair();
  const options = { base64: false, closes: true };
  const reads = { client: [CHANNEL.stdout, CHANNEL.stderr, CHANNEL.error], server: [CHANNEL.stdin, CHANNEL.resize] };
  const other = role === "client" ? "server" : "client";
  const channels = new WebSocketChannels(near, Buffer.alloc(0), { ...options, role, reads: reads[role] });
  const theirs = new WebSocketChannels(far, Buffer.alloc(0), { ...options, role: other, reads: reads[other] });
  const of = (channel: keyof typeof CHANNEL) => channels.channel(CHANNEL[channel]);
  const mine: RemoteCommand = {
    stdin: of("stdin"),
    stdout: of("stdout"),
    stderr: of("stderr"),
    error: of("error"),
    resize: of("resize"),
    status: true,
    statusShown: true,
    over: channels.over,
    end: () => channels.end(),
    destroy: () => channels.destroy(),
  };
  return { mine, theirs };
}

/** A command that runs, with both its ends in the hands of the test; the session is a double. */
function running(interrupted = new Promise<string>(() => {})) {
  const events: SessionEvent[] = [];
  const client = webSocketEnds("server");
  const upstream = webSocketEnds("client");
  const session = {
    labels: () => ({ detectors: [] }),
    meter: () => ({ take: () => true, exceeded: undefined, end: () => {} }),
    record: (event: SessionEvent) => void events.push(event),
    count: () => {},
  };
  const done = relayRemoteCommand({
    context: { session, resource: "prod" } as unknown as KubeContext,
    interrupted,
    operation: { command: ["x"] } as unknown as KubeOperation,
    client: new ClientEnd(client.mine, false),
    upstream: upstream.mine,
    admission: { ok: true, operation: 1, verdict: {} } as unknown as Parameters<
      typeof relayRemoteCommand
    >[0]["admission"],
    startedAt: Date.now(),
    typed: false,
  });
  const status = readAll(client.theirs.channel(CHANNEL.error)).then(String);
  for (const number of [CHANNEL.stdout, CHANNEL.stderr]) client.theirs.channel(number).resume();
  return { client: client.theirs, upstream: upstream.theirs, done, status, events };
}

it("an API server that hangs up ends the command with a Status", async () => {
  const { upstream, done, status, events } = running();
  upstream.channel(CHANNEL.stdout).write("half of it");
  await turn();
  upstream.destroy();
  expect(JSON.parse(await status)).toMatchObject({
    status: "Failure",
    reason: "InternalError",
    message: "prod closed the connection before the command had ended",
  });
  await done;
  expect(events.at(-1)).toMatchObject({ type: "operation_finished", result: "error", tag: "no exit code" });
});

it("a client that is gone ends it at the API server, with or without having said so", async () => {
  for (const leave of ["destroy", "end"] as const) {
    const { client, upstream, done, events } = running();
    client[leave]();
    await upstream.over;
    await done;
    expect(events.at(-1)).toMatchObject({ type: "operation_finished", result: "canceled", tag: "client left" });
  }
});

it("a session that is over ends it, also for a client that does not read", async () => {
  const interrupted = Promise.withResolvers<string>();
  const { client, upstream, done } = running(interrupted.promise);
  const stdout = client.channel(CHANNEL.stdout);
  stdout.pause();
  const big = Buffer.alloc(256 * 1024);
  for (let sent = 0; sent < 4; sent++) upstream.channel(CHANNEL.stdout).write(big);
  await eventually(() => stdout.readableLength > 0);
  const since = performance.now();
  interrupted.resolve("ended by mia");
  await upstream.over;
  await done;
  expect(performance.now() - since).toBeLessThan(3_000);
  // it learns of it when it reads again
  stdout.resume();
  await client.over;
});

it("one session has so many streams open, and no more", async () => {
  const over = new AbortController();
  const unread: unknown[] = [];
  const recordUnread = (refused: unknown) => unread.push(refused);
  const session = { labels: () => ({ detectors: [] }), admit: () => new Promise(() => {}), recordUnread };
  const context = { session, resource: "prod", signal: over.signal, interrupted: new Promise(() => {}) };
  const operation = { command: ["id"], subresource: "exec", namespace: "", name: "web-1", container: "" };
  const headers = { upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" };
  const ask = (): Duplex => {
    const [near, far] = duplexPair();
    const { signal } = new AbortController();
    const upgrade = {
      method: "POST",
      path: "/",
      query: "stdout=1",
      headers,
      signal,
      socket: far,
      head: Buffer.alloc(0),
    };
    void relayStream(upgrade, operation as unknown as KubeOperation, context as unknown as KubeContext);
    return near;
  };
  const waiting = Array.from({ length: 128 }, ask);
  expect((await readAll(ask())).toString()).toMatch(
    /^HTTP\/1\.1 403 [\s\S]*more than 128 streams are open with this token/,
  );
  for (const socket of waiting) expect(socket.read()).toBeNull();
  expect(unread).toMatchObject([{ text: "POST /?stdout=1", reason: expect.stringContaining("more than 128 streams") }]);
});

it("reads what the error channel says, and keeps only what clients use", () => {
  const read = (value: unknown) =>
    readStreamStatus(Buffer.from(JSON.stringify(value)), (text) => text.replace("secret", "*"));
  expect(read({ status: "Success", metadata: {} })).toEqual({
    exitCode: 0,
    status: { metadata: {}, status: "Success" },
  });
  const causes = [{ reason: "Other" }, { reason: "ExitCode", message: "42" }];
  expect(
    read({ status: "Failure", reason: "NonZeroExitCode", message: "a secret", details: { causes }, other: 1 }),
  ).toEqual({
    exitCode: 42,
    status: {
      metadata: {},
      status: "Failure",
      message: "a *",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "42" }] },
    },
  });
  expect(read({ status: "Failure", reason: "NotFound", message: "no pod", code: 404 })).toMatchObject({
    exitCode: undefined,
    status: { reason: "NotFound", message: "no pod", code: 404 },
  });
  for (const broken of [
    "",
    "{",
    "[]",
    "null",
    '{"reason":"NonZeroExitCode"}',
    '{"reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}',
  ])
    expect(readStreamStatus(Buffer.from(broken), String)).toBeUndefined();
});

it("reads sizes of a terminal wherever they are cut, and no others", () => {
  const text =
    '{"Width":80,"Height":24}\n{"Width":1,"Height":2}{"Width":-1,"Height":2}{"Width":"80","Height":24}{]}{"Width":3,"Height":4}';
  const sizes = new TerminalSizes();
  const read = [...text].flatMap((letter) => sizes.push(Buffer.from(letter)));
  expect(read).toEqual([
    { columns: 80, rows: 24 },
    { columns: 1, rows: 2 },
    { columns: 3, rows: 4 },
  ]);
  expect(new TerminalSizes().push(Buffer.alloc(1_000_000, "{"))).toEqual([]);
});

it("asks for what was judged, and nothing else that a query may say", () => {
  const operation = {
    subresource: "exec",
    namespace: "prod",
    name: "web-1",
    container: "app",
    command: ["sh", "-c", "a & b"],
  } as unknown as KubeOperation;
  const wish = readWish("stdin=1&stdout=&stderr=true&tty=TRUE&tty=false");
  expect(wish).toEqual({ stdin: true, stdout: true, stderr: false, tty: true });
  expect(queryOf(operation, wish)).toBe(
    "command=sh&command=-c&command=a+%26+b&container=app&stdin=true&stdout=true&tty=true",
  );
  expect(readWish("stdin=0&stdout=false")).toEqual({ stdin: false, stdout: false, stderr: false, tty: false });
  expect(shownCommand(operation, wish)).toBe("kubectl exec -i -t -n prod web-1 -c app -- sh -c 'a & b'");
});
