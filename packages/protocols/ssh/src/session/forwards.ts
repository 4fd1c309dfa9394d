import type { Duplex } from "node:stream";
import type { Admission } from "@tidewaiter/core";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import type { Connection, TcpConnectionDetails } from "ssh2";
import { admit, finish, type SshContext } from "./context.ts";
import { askOfForward, type ForwardRequest, placeOf } from "./operations.ts";

/** What an SSH server and client say first (RFC 4253, 4.2): a second connection inside of this one would not be recorded. */
const SSH_BANNER = Buffer.from("SSH-");

/** Ports that the target listens on for one client, and how each is closed. */
type Bound = Map<string, () => void>;

const MAX_LISTENERS = 8;
/** Requests for them that wait for their answers. */
const MAX_WAITING = 64;
/** Forwarded connections of one client, open or asked for: as many as a browser behind `-D` has. */
const MAX_FORWARDS = 256;

type Admitted = Extract<Admission, { ok: true }>;

async function admitForward(context: SshContext, request: ForwardRequest): Promise<Admitted | undefined> {
  const admission = await admit(context, { ...askOfForward(request), signal: context.signal });
  return admission.ok ? admission : undefined;
}

/** `-L`, `-D`, `-W` and sockets: a connection that the target opens for the client. */
export function serveForwards(client: Connection, ready: Promise<SshContext | string>): void {
  let open = 0;
  const counted = (reject: () => unknown, serve: () => Promise<void>): void => {
    if (open >= MAX_FORWARDS) return void reject();
    open++;
    void serve().finally(() => open--);
  };
  client.on("tcpip", (accept, reject, info) => {
    const input: ForwardRequest = { channel: "direct-tcpip", host: info.destIP, port: info.destPort };
    counted(reject, () =>
      forwardOut(ready, input, { accept, reject }, (context, opened) =>
        context.target.forwardOut(info.srcIP, info.srcPort, info.destIP, info.destPort, opened),
      ),
    );
  });
  client.on("openssh.streamlocal", (accept, reject, info) => {
    const input: ForwardRequest = { channel: "direct-streamlocal", host: info.socketPath, port: 0 };
    counted(reject, () =>
      forwardOut(ready, input, { accept, reject }, (context, opened) =>
        context.target.openssh_forwardOutStreamLocal(info.socketPath, opened),
      ),
    );
  });
  const bound: Bound = new Map();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  client.on("request", (accept, reject, name, info) => {
    if (waiting >= MAX_WAITING) return void reject?.();
    waiting++;
    // one after the other, as they are answered
    const asked = info as { bindAddr: string; bindPort: number; socketPath: string };
    const answered = last.then(() => remote(client, ready, bound, name, asked));
    last = answered.catch(() => {}).finally(() => waiting--);
    void answered.then(
      (port) => (port === undefined ? reject?.() : accept?.(port)),
      () => reject?.(),
    );
  });
}

type Opened = (error: Error | undefined, stream: Duplex) => void;

async function forwardOut(
  ready: Promise<SshContext | string>,
  input: ForwardRequest,
  { accept, reject }: { readonly accept: () => Duplex | undefined; readonly reject: () => unknown },
  open: (context: SshContext, opened: Opened) => void,
): Promise<void> {
  const context = await ready;
  if (typeof context === "string") return void reject();
  const startedAt = Date.now();
  const admission = await admitForward(context, input).catch(() => undefined);
  if (admission === undefined) return void reject();
  const over = Promise.withResolvers<void>();
  const opened: Opened = (error, far) => {
    if (error !== undefined && error !== null) {
      finish(context, admission.operation, { result: "error", tag: "not opened", bytes: 0, startedAt });
      over.resolve();
      return void reject();
    }
    const near = accept();
    if (near !== undefined) return void join(context, admission, placeOf(input), near, far).finally(over.resolve);
    far.destroy();
    over.resolve();
  };
  try {
    open(context, opened);
  } catch (error) {
    // the target has left while the forward was judged
    opened(error as Error, undefined as never);
  }
  // a client that leaves meanwhile is told nothing: whoever counts it shall not wait for the target
  context.signal.addEventListener("abort", () => over.resolve(), { once: true });
  await over.promise;
}

/** `-R`: the port that the target opened, or undefined where it may not or does not. */
async function remote(
  client: Connection,
  ready: Promise<SshContext | string>,
  bound: Bound,
  name: string,
  info: { readonly bindAddr: string; readonly bindPort: number; readonly socketPath: string },
): Promise<number | undefined> {
  const context = await ready;
  if (typeof context === "string") return undefined;
  if (name === "cancel-tcpip-forward") {
    const close = bound.get(`${info.bindAddr}:${info.bindPort}`);
    if (close === undefined) return undefined;
    close();
    return 0;
  }
  const input: ForwardRequest =
    name === "tcpip-forward"
      ? { channel: "tcpip-forward", host: info.bindAddr, port: info.bindPort }
      : { channel: "streamlocal-forward", host: info.socketPath ?? "", port: 0 };
  const admission = await admitForward(context, input);
  // sockets that the target would listen on are judged, recorded, and never opened
  if (admission === undefined || name !== "tcpip-forward" || bound.size >= MAX_LISTENERS) return undefined;
  const startedAt = Date.now();
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  context.target.forwardIn(info.bindAddr, info.bindPort, (error, port) => {
    if (error !== undefined && error !== null) {
      finish(context, admission.operation, { result: "error", tag: "not opened", bytes: 0, startedAt });
      return resolve(undefined);
    }
    const there = info.bindPort === 0 ? port : info.bindPort;
    const came = (details: TcpConnectionDetails, accept: () => Duplex | undefined, reject: () => unknown): void => {
      if (details.destPort !== there) return;
      client.forwardOut(info.bindAddr, there, details.srcIP, details.srcPort, (failed, near) => {
        if (failed !== undefined && failed !== null) return void reject();
        const far = accept();
        if (far === undefined) return void near.destroy();
        void join(context, admission, `${details.srcIP}:${details.srcPort}`, near, far);
      });
    };
    context.target.on("tcp connection", came);
    bound.set(`${info.bindAddr}:${there}`, () => {
      bound.delete(`${info.bindAddr}:${there}`);
      context.target.off("tcp connection", came);
      context.target.unforwardIn(info.bindAddr, there);
    });
    resolve(there);
  });
  return promise;
}

/** Moves bytes both ways until both sides have ended; a connection that turns out to be SSH is cut. */
async function join(context: SshContext, admission: Admitted, to: string, near: Duplex, far: Duplex): Promise<void> {
  const startedAt = Date.now();
  const counts = { toTarget: 0, toClient: 0 };
  const cut = (): void => {
    near.destroy();
    far.destroy();
  };
  near.on("error", cut);
  far.on("error", cut);
  context.signal.addEventListener("abort", cut, { once: true });
  const watched = (side: "toTarget" | "toClient") => {
    let head = Buffer.alloc(0);
    return (chunk: Buffer): Buffer | undefined => {
      if (head.length < SSH_BANNER.length) {
        head = Buffer.concat([head, chunk]).subarray(0, SSH_BANNER.length);
        if (head.equals(SSH_BANNER)) {
          cut();
          return undefined;
        }
      }
      counts[side] += chunk.length;
      context.session.count(side === "toTarget" ? "target" : "client", chunk.length);
      return chunk;
    };
  };
  const up = pump(near, far, watched("toTarget")).then(() => far.end());
  const down = pump(far, near, watched("toClient")).then(() => near.end());
  await Promise.all([up, down]);
  context.signal.removeEventListener("abort", cut);
  const { operation } = admission;
  const durationMs = Date.now() - startedAt;
  const { toTarget: bytesToTarget, toClient: bytesToClient } = counts;
  context.session.record({ at: Date.now(), type: "forward", operation, to, bytesToTarget, bytesToClient, durationMs });
  finish(context, operation, { result: "completed", tag: "forward", bytes: bytesToClient, startedAt });
}
