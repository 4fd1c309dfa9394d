import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { connectTunnel } from "../src/connect.ts";
import { createMux, type Mux, type MuxOptions } from "../src/mux.ts";
import { memorySocketPair, type TunnelSocket } from "../src/socket.ts";
import { fromWebSocket, WEB_SOCKET_OPTIONS } from "../src/web-socket.ts";

export interface SocketPair {
  readonly gateway: TunnelSocket;
  readonly agent: TunnelSocket;
  close(): Promise<void>;
}

export function memoryPair(): Promise<SocketPair> {
  const { a, b } = memorySocketPair();
  return Promise.resolve({ gateway: a, agent: b, close: () => Promise.resolve() });
}

/** A real WebSocket over TCP on this machine. */
export async function webSocketPair(): Promise<SocketPair> {
  const server = new WebSocketServer({ ...WEB_SOCKET_OPTIONS, host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const accepted = new Promise<TunnelSocket>((resolve) => {
    server.once("connection", (webSocket) => resolve(fromWebSocket(webSocket)));
  });
  const agent = await connectTunnel(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    gateway: await accepted,
    agent,
    async close() {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export interface MuxPair {
  readonly gateway: Mux;
  readonly agent: Mux;
}

export function muxPair(
  sockets: SocketPair,
  gateway: Partial<MuxOptions> = {},
  agent: Partial<MuxOptions> = {},
): MuxPair {
  return {
    gateway: createMux(sockets.gateway, { role: "gateway", ...gateway }),
    agent: createMux(sockets.agent, { role: "agent", ...agent }),
  };
}
