import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Protocol, SessionHost } from "@tidewaiter/core";

/** New connections from one address within a window; handshakes cost CPU before anybody has proven anything. */
const RATE_WINDOW_MS = 10_000;
const RATE_LIMIT = 2_000;
const MAX_CONNECTIONS = 20_000;

/** A TCP server that hands each connection to its protocol. Not listening yet. One bad connection harms no other. */
export function createListener(
  protocol: Protocol<unknown, Duplex>,
  hostFor: (clientAddress: string) => SessionHost<Duplex>,
  logger: { warn(fields: object, message: string): void },
): Server {
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, pauseOnConnect: true, allowHalfOpen: true },
    accept(protocol, hostFor, logger),
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function accept(
  protocol: Protocol<unknown, Duplex>,
  hostFor: (clientAddress: string) => SessionHost<Duplex>,
  logger: { warn(fields: object, message: string): void },
): (socket: Socket) => void {
  const recent = new Map<string, { since: number; count: number }>();
  return (socket) => {
    socket.on("error", () => socket.destroy());
    const address = socket.remoteAddress ?? "";
    if (tooMany(recent, address)) return void socket.destroy();
    const clientAddress = `${address}:${socket.remotePort ?? 0}`;
    protocol.serve(socket, hostFor(clientAddress)).catch((error: unknown) => {
      logger.warn(
        { clientAddress, error: error instanceof Error ? error.message : String(error) },
        "connection failed",
      );
      socket.destroy();
    });
  };
}

function tooMany(recent: Map<string, { since: number; count: number }>, address: string): boolean {
  const now = Date.now();
  const entry = recent.get(address);
  if (entry === undefined || now - entry.since > RATE_WINDOW_MS) {
    if (recent.size > 10_000) recent.clear();
    recent.set(address, { since: now, count: 1 });
    return false;
  }
  return ++entry.count > RATE_LIMIT;
}
