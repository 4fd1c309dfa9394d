import type { UpgradeExchange } from "../accept-client/exchange.ts";
import { isSpdy, spdyProtocols, switchTo } from "../carrier/upgrade.ts";
import { SpdyConnection, type SpdyStream } from "../spdy/connection.ts";
import { failure, type KubeStatus } from "../status.ts";
import { WebSocketChannels } from "../websocket/channels.ts";
import { acceptOf, isWebSocket, readWebSocketRequest } from "../websocket/handshake.ts";
import { CHANNEL, type RemoteCommand } from "./remote-command.ts";
import type { StreamWish } from "./wish.ts";

/** As long as the API server waits for the streams of a client. */
const STREAMS_MS = 30_000;

interface WebSocketProtocol {
  readonly base64: boolean;
  readonly closes: boolean;
  readonly status: boolean;
}

const OLDEST: WebSocketProtocol = { base64: false, closes: false, status: false };
/** Without a name it is the oldest one. */
const WEBSOCKET: Readonly<Record<string, WebSocketProtocol>> = {
  "v5.channel.k8s.io": { base64: false, closes: true, status: true },
  "v4.channel.k8s.io": { base64: false, closes: false, status: true },
  "v4.base64.channel.k8s.io": { base64: true, closes: false, status: true },
  "channel.k8s.io": OLDEST,
  "base64.channel.k8s.io": { ...OLDEST, base64: true },
};
/** By what came with them: a Status at the end (v4), sizes of the terminal (v3). */
const SPDY: Readonly<Record<string, { readonly status: boolean; readonly resize: boolean }>> = {
  "v4.channel.k8s.io": { status: true, resize: true },
  "v3.channel.k8s.io": { status: false, resize: true },
  "v2.channel.k8s.io": { status: false, resize: false },
  "channel.k8s.io": { status: false, resize: false },
};

export type Acceptance =
  | {
      readonly ok: true;
      readonly transport: "websocket" | "spdy";
      /** Switches protocols; rejects when the client leaves, or does not open its streams in time. */
      readonly accept: () => Promise<RemoteCommand>;
    }
  | { readonly ok: false; readonly status: KubeStatus };

/** How a client of exec or attach could be spoken to; nothing is answered before `accept`. */
export function acceptRemoteCommand(upgrade: UpgradeExchange, wish: StreamWish): Acceptance {
  if (!wish.stdin && !wish.stdout && !wish.stderr)
    return refused("you must specify at least 1 of stdin, stdout, stderr");
  if (isWebSocket(upgrade.headers)) return acceptWebSocket(upgrade, wish);
  if (isSpdy(upgrade.headers)) return acceptSpdy(upgrade, wish);
  return refused("unable to upgrade: neither to a WebSocket nor to SPDY/3.1");
}

function acceptWebSocket(upgrade: UpgradeExchange, wish: StreamWish): Acceptance {
  const request = readWebSocketRequest(upgrade.method, upgrade.headers);
  if (request === undefined) return refused("unable to upgrade: this is no handshake of a WebSocket of version 13");
  const name = request.protocols.find((each) => Object.hasOwn(WEBSOCKET, each));
  if (name === undefined && request.protocols.length > 0)
    return refused(`unable to upgrade: of WebSocket protocols there are ${Object.keys(WEBSOCKET).join(", ")}`);
  const { base64, closes, status } = WEBSOCKET[name ?? ""] ?? OLDEST;
  const accept = async (): Promise<RemoteCommand> => {
    switchTo(upgrade.socket, {
      upgrade: "websocket",
      "sec-websocket-accept": acceptOf(request.key),
      ...(name !== undefined && { "sec-websocket-protocol": name }),
    });
    const reads = [...(wish.stdin ? [CHANNEL.stdin] : []), ...(wish.tty ? [CHANNEL.resize] : [])];
    const channels = new WebSocketChannels(upgrade.socket, upgrade.head, { role: "server", base64, closes, reads });
    const client: RemoteCommand = {
      ...partsOf((channel) => channels.channel(CHANNEL[channel]), wish),
      status,
      statusShown: closes,
      over: channels.over,
      end: () => channels.end(),
      destroy: () => channels.destroy(),
    };
    // some clients wait for a first message before they believe that they are connected
    (client.stdout ?? client.stderr ?? client.error).write(Buffer.alloc(0));
    return client;
  };
  return { ok: true, transport: "websocket", accept };
}

function acceptSpdy(upgrade: UpgradeExchange, wish: StreamWish): Acceptance {
  const asked = spdyProtocols(upgrade.headers);
  const name = asked.find((each) => Object.hasOwn(SPDY, each));
  const protocol = SPDY[name ?? ""];
  if (name === undefined || protocol === undefined)
    return refused(`unable to upgrade: of SPDY protocols there are ${Object.keys(SPDY).join(", ")}`);
  const expected = new Set<keyof typeof CHANNEL>(["error"]);
  for (const each of ["stdin", "stdout", "stderr"] as const) if (wish[each]) expected.add(each);
  if (wish.tty && protocol.resize) expected.add("resize");
  const accept = (): Promise<RemoteCommand> => {
    switchTo(upgrade.socket, { upgrade: "SPDY/3.1", "x-stream-protocol-version": name });
    return spdyCommand(upgrade, { wish, expected, status: protocol.status });
  };
  return { ok: true, transport: "spdy", accept };
}

async function spdyCommand(
  { socket, head }: UpgradeExchange,
  on: { readonly wish: StreamWish; readonly expected: ReadonlySet<keyof typeof CHANNEL>; readonly status: boolean },
): Promise<RemoteCommand> {
  const streams = new Map<keyof typeof CHANNEL, SpdyStream>();
  const complete = Promise.withResolvers<void>();
  const connection = new SpdyConnection(socket, head, {
    role: "server",
    onStream(stream) {
      const type = (stream.headers.get("streamtype") ?? "") as keyof typeof CHANNEL;
      if (!on.expected.has(type) || streams.has(type)) return false;
      streams.set(type, stream);
      if (streams.size === on.expected.size) complete.resolve();
      return true;
    },
  });
  const late = setTimeout(() => connection.destroy(), STREAMS_MS);
  void connection.over.then(() => complete.reject(new Error("the client left before its streams were there")));
  try {
    await complete.promise;
  } finally {
    clearTimeout(late);
  }
  const of = (type: keyof typeof CHANNEL): SpdyStream => {
    const stream = streams.get(type);
    if (stream === undefined) throw new Error(`there is no stream for ${type}`);
    // only those of a client say anything
    if (type !== "stdin" && type !== "resize") stream.resume();
    return stream;
  };
  const parts = partsOf(of, on.wish, on.expected.has("resize"));
  const { status } = on;
  const end = (): void => connection.end();
  return { ...parts, status, statusShown: true, over: connection.over, end, destroy: () => connection.destroy() };
}

type Parts = Pick<RemoteCommand, keyof typeof CHANNEL>;

function partsOf(of: (channel: keyof typeof CHANNEL) => Parts["error"], wish: StreamWish, resize = true): Parts {
  return {
    stdin: wish.stdin ? of("stdin") : undefined,
    stdout: wish.stdout ? of("stdout") : undefined,
    stderr: wish.stderr ? of("stderr") : undefined,
    error: of("error"),
    resize: wish.tty && resize ? of("resize") : undefined,
  };
}

function refused(message: string): Acceptance {
  return { ok: false, status: failure("BadRequest", message) };
}
