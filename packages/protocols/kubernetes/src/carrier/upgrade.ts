import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";

export function isSpdy({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase() === "spdy/3.1";
}

/** As the client likes them best. */
export function spdyProtocols(headers: IncomingHttpHeaders): readonly string[] {
  const named = [headers["x-stream-protocol-version"] ?? ""].flat().join(",");
  return named
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** `101 Switching Protocols` (RFC 9110, 15.2.2). */
export function switchTo(socket: Duplex, headers: Readonly<Record<string, string>>): void {
  const lines = Object.entries({ connection: "Upgrade", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
}
