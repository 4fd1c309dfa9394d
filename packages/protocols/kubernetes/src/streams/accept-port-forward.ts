import type { UpgradeExchange } from "../accept-client/exchange.ts";
import type { Channel } from "../carrier/channel.ts";
import { isSpdy, spdyProtocols, switchTo } from "../carrier/upgrade.ts";
import { SpdyConnection, type SpdyStream } from "../spdy/connection.ts";
import { failure, type KubeStatus } from "../status.ts";
import { WebSocketChannels } from "../websocket/channels.ts";
import { acceptOf, isWebSocket, readWebSocketRequest } from "../websocket/handshake.ts";
import { messageStream } from "../websocket/message-stream.ts";

export const PORT_FORWARD = "portforward.k8s.io";
export const TUNNEL = `SPDY/3.1+${PORT_FORWARD}`;
/** Connections of one client, open or not yet complete. */
const MAX_CONNECTIONS = 256;
/** As long as the API server waits for the second stream of a connection. */
const STREAMS_MS = 30_000;
const OLD_WEBSOCKETS = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io"] as const;
const MAX_PORTS = 32;

/** A connection that the client has taken at its own end: its bytes, and a text where something went wrong. */
export interface ForwardConnection {
  readonly port: number;
  readonly data: Channel;
  readonly error: Channel;
}

export interface ForwardClient {
  readonly over: Promise<void>;
  /** Every connection that there was is done. */
  idle(): void;
  destroy(): void;
}

export type ForwardAcceptance =
  | {
      readonly ok: true;
      readonly transport: "websocket" | "spdy";
      readonly accept: (onConnection: (connection: ForwardConnection) => void) => ForwardClient;
    }
  | { readonly ok: false; readonly status: KubeStatus };

/** How a client of port-forward could be spoken to; nothing is answered before `accept`. */
export function acceptPortForward(upgrade: UpgradeExchange): ForwardAcceptance {
  const { socket, head, headers, method } = upgrade;
  if (isSpdy(headers)) {
    if (!spdyProtocols(headers).includes(PORT_FORWARD)) return refused(`unable to upgrade: not to ${PORT_FORWARD}`);
    return {
      ok: true,
      transport: "spdy",
      accept(onConnection) {
        switchTo(socket, { upgrade: "SPDY/3.1", "x-stream-protocol-version": PORT_FORWARD });
        return spdyClient(
          new StreamPairs(onConnection),
          (onStream) => new SpdyConnection(socket, head, { role: "server", onStream }),
        );
      },
    };
  }
  const request = isWebSocket(headers) ? readWebSocketRequest(method, headers) : undefined;
  if (request === undefined) return refused("unable to upgrade: neither to a WebSocket of version 13 nor to SPDY/3.1");
  const name = request.protocols.find((each) => each === TUNNEL || OLD_WEBSOCKETS.some((old) => old === each));
  const ports = portsOf(upgrade.query);
  if (name === undefined || (name !== TUNNEL && ports === undefined))
    return refused(`unable to upgrade: of WebSocket protocols there are ${TUNNEL} and, with ports, ${OLD_WEBSOCKETS}`);
  return {
    ok: true,
    transport: "websocket",
    accept(onConnection) {
      switchTo(socket, {
        upgrade: "websocket",
        "sec-websocket-accept": acceptOf(request.key),
        "sec-websocket-protocol": name,
      });
      if (name !== TUNNEL)
        return oldClient(upgrade, { base64: name.includes("base64"), ports: ports ?? [], onConnection });
      const tunnel = messageStream(socket, head, "server");
      return spdyClient(
        new StreamPairs(onConnection),
        (onStream) => new SpdyConnection(tunnel, Buffer.alloc(0), { role: "server", onStream }),
      );
    },
  };
}

function spdyClient(
  pairs: StreamPairs,
  connect: (onStream: (stream: SpdyStream) => boolean) => SpdyConnection,
): ForwardClient {
  const connection = connect((stream) => pairs.take(stream));
  void connection.over.then(() => pairs.close());
  return { over: connection.over, idle: () => {}, destroy: () => connection.destroy() };
}

/** Each port is one connection, on two channels that begin with the port (cri-streaming, portforward/websocket.go). */
function oldClient(
  { socket, head }: UpgradeExchange,
  on: {
    readonly base64: boolean;
    readonly ports: readonly number[];
    readonly onConnection: (connection: ForwardConnection) => void;
  },
): ForwardClient {
  const reads = on.ports.map((_, index) => 2 * index);
  const channels = new WebSocketChannels(socket, head, { role: "server", base64: on.base64, closes: false, reads });
  for (const [index, port] of on.ports.entries()) {
    const connection = { port, data: channels.channel(2 * index), error: channels.channel(2 * index + 1) };
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(port);
    connection.data.write(bytes);
    connection.error.write(bytes);
    on.onConnection(connection);
  }
  return { over: channels.over, idle: () => channels.end(), destroy: () => channels.destroy() };
}

interface Pair {
  readonly late: NodeJS.Timeout;
  data: SpdyStream | undefined;
  error: SpdyStream | undefined;
}

/** A connection is two streams with the same `requestid`; who has none of these opens them one behind the other. */
class StreamPairs {
  readonly #onConnection: (connection: ForwardConnection) => void;
  readonly #pairs = new Map<string, Pair>();
  #open = 0;

  constructor(onConnection: (connection: ForwardConnection) => void) {
    this.#onConnection = onConnection;
  }

  /** False: it is refused. */
  take(stream: SpdyStream): boolean {
    const type = stream.headers.get("streamtype");
    const port = portOf(stream.headers.get("port") ?? "");
    if ((type !== "data" && type !== "error") || port === undefined) return false;
    const id = stream.headers.get("requestid") ?? String(type === "error" ? stream.id : stream.id - 2);
    const pair = this.#pairs.get(id) ?? this.#begin(id);
    if (pair === undefined || pair[type] !== undefined) return false;
    pair[type] = stream;
    const { data, error } = pair;
    if (data === undefined || error === undefined) return true;
    this.#forget(id);
    this.#open++;
    data.once("close", () => this.#open--);
    this.#onConnection({ port, data, error });
    return true;
  }

  close(): void {
    for (const id of this.#pairs.keys()) this.#forget(id);
  }

  #begin(id: string): Pair | undefined {
    if (this.#pairs.size + this.#open >= MAX_CONNECTIONS) return undefined;
    const late = setTimeout(() => {
      pair.data?.destroy();
      pair.error?.destroy();
      this.#forget(id);
    }, STREAMS_MS);
    late.unref();
    const pair: Pair = { late, data: undefined, error: undefined };
    this.#pairs.set(id, pair);
    return pair;
  }

  #forget(id: string): void {
    clearTimeout(this.#pairs.get(id)?.late);
    this.#pairs.delete(id);
  }
}

function portsOf(query: string): readonly number[] | undefined {
  const named = new URLSearchParams(query).getAll("ports").flatMap((text) => text.split(","));
  const ports = named.map(portOf).filter((port) => port !== undefined);
  return ports.length === 0 || ports.length !== named.length || ports.length > MAX_PORTS ? undefined : ports;
}

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function refused(message: string): ForwardAcceptance {
  return { ok: false, status: failure("BadRequest", message) };
}
