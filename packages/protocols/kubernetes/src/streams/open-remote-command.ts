import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Upgraded } from "../connect-target/upstream.ts";
import type { Target } from "../session/target.ts";
import { SpdyConnection } from "../spdy/connection.ts";
import { WebSocketChannels } from "../websocket/channels.ts";
import { askForWebSocket } from "../websocket/handshake.ts";
import { CHANNEL, type RemoteCommand } from "./remote-command.ts";
import type { StreamWish } from "./wish.ts";

const WEBSOCKET = "v5.channel.k8s.io";
const SPDY = "v4.channel.k8s.io";

export interface OpenRequest {
  readonly target: Pick<Target, "upgrade">;
  /** Without query. */
  readonly path: string;
  readonly query: string;
  readonly headers: OutgoingHttpHeaders;
  readonly wish: StreamWish;
  /** Of the client. */
  readonly transport: "websocket" | "spdy";
  readonly signal: AbortSignal;
}

export type Opened =
  | { readonly ok: true; readonly command: RemoteCommand }
  | { readonly ok: false; readonly response: IncomingMessage };

/**
 * Opens exec or attach at the API server as its client would: by a WebSocket, then by SPDY where it does not take one; by
 * SPDY alone for who speaks SPDY, since the API server words some errors in another way. Rejects as `Target.upgrade`.
 */
export async function openRemoteCommand(request: OpenRequest): Promise<Opened> {
  const { target, path, query, headers, wish, signal } = request;
  const common = { path: `${path}?${query}`, signal };
  if (request.transport === "websocket") {
    const { headers: asked, accept } = askForWebSocket([WEBSOCKET]);
    const upgraded = await target.upgrade({ ...common, method: "GET", headers: { ...headers, ...asked } });
    if (upgraded.ok) {
      const { "sec-websocket-accept": answered, "sec-websocket-protocol": protocol } = upgraded.headers;
      if (answered === accept && protocol === WEBSOCKET) return { ok: true, command: overWebSocket(upgraded, wish) };
      upgraded.socket.destroy();
    } else upgraded.response.resume();
  }
  const asked = { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": SPDY, "content-length": 0 };
  const upgraded = await target.upgrade({ ...common, method: "POST", headers: { ...headers, ...asked } });
  if (!upgraded.ok) return upgraded;
  return { ok: true, command: await overSpdy(upgraded, wish) };
}

type Socket = Extract<Upgraded, { ok: true }>;

function overWebSocket({ socket, head }: Socket, wish: StreamWish): RemoteCommand {
  // what was not asked for has no reader, and would stop the others
  const asked = (["stdout", "stderr"] as const).filter((each) => wish[each]);
  const reads = [...asked.map((each) => CHANNEL[each]), CHANNEL.error];
  const channels = new WebSocketChannels(socket, head, { role: "client", base64: false, closes: true, reads });
  return {
    stdin: wish.stdin ? channels.channel(CHANNEL.stdin) : undefined,
    stdout: wish.stdout ? channels.channel(CHANNEL.stdout) : undefined,
    stderr: wish.stderr ? channels.channel(CHANNEL.stderr) : undefined,
    error: channels.channel(CHANNEL.error),
    resize: wish.tty ? channels.channel(CHANNEL.resize) : undefined,
    status: true,
    statusShown: true,
    over: channels.over,
    end: () => channels.end(),
    destroy: () => channels.destroy(),
  };
}

async function overSpdy({ socket, head, headers }: Socket, wish: StreamWish): Promise<RemoteCommand> {
  const connection = new SpdyConnection(socket, head, { role: "client", paced: true });
  const open = (streamtype: string) => connection.open({ streamtype });
  const when = (asked: boolean, streamtype: string) => (asked ? open(streamtype) : undefined);
  try {
    const [error, stdin, stdout, stderr, resize] = await Promise.all([
      open("error"),
      when(wish.stdin, "stdin"),
      when(wish.stdout, "stdout"),
      when(wish.stderr, "stderr"),
      when(wish.tty, "resize"),
    ]);
    for (const written of [stdin, resize]) written?.resume();
    return {
      stdin,
      stdout,
      stderr,
      error,
      resize,
      status: headers["x-stream-protocol-version"] === SPDY,
      statusShown: true,
      over: connection.over,
      end: () => connection.end(),
      destroy: () => connection.destroy(),
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
