import { createHash, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** RFC 6455, 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** What the two sides of an opening handshake say to each other (RFC 6455, 4). */
export function acceptOf(key: string): string {
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

export interface WebSocketRequest {
  readonly key: string;
  /** As the client likes them best; empty: it named none. */
  readonly protocols: readonly string[];
}

export function isWebSocket({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase() === "websocket";
}

/** Undefined: it is no opening handshake of version 13. */
export function readWebSocketRequest(method: string, headers: IncomingHttpHeaders): WebSocketRequest | undefined {
  const key = headers["sec-websocket-key"] ?? "";
  if (method !== "GET" || !isWebSocket(headers) || headers["sec-websocket-version"] !== "13" || !KEY.test(key))
    return undefined;
  const named = headers["sec-websocket-protocol"] ?? "";
  return {
    key,
    protocols: named
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  };
}

/** Headers of a request for one of `protocols`, and what proves that the answer is to it. */
export function askForWebSocket(protocols: readonly string[]): {
  readonly headers: Readonly<Record<string, string>>;
  readonly accept: string;
} {
  const key = randomBytes(16).toString("base64");
  return {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": protocols.join(", "),
    },
    accept: acceptOf(key),
  };
}
