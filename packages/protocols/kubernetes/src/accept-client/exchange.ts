import { type IncomingHttpHeaders, type OutgoingHttpHeaders, STATUS_CODES } from "node:http";
import type { Duplex, Readable, Writable } from "node:stream";
import type { KubeStatus } from "../status.ts";

/** How long a client that was refused may take to close. */
const GOODBYE_MS = 5_000;

/** What both kinds of request tell. */
interface RequestHead {
  readonly method: string;
  /** As it was sent, below the resource, without query. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
}

/** One request over HTTP/1.1 or HTTP/2, and the way to its answer. */
export interface Exchange extends RequestHead {
  readonly body: Readable;
  /** Once. */
  respond(status: number, headers: OutgoingHttpHeaders): Writable;
}

/** A request to switch protocols (HTTP/1.1); nothing has been answered yet. */
export interface UpgradeExchange extends RequestHead {
  readonly socket: Duplex;
  /** Bytes that came behind the request. */
  readonly head: Buffer;
}

/** As it is recorded. */
export function requestLine({ method, path, query }: Pick<RequestHead, "method" | "path" | "query">): string {
  return `${method} ${path}${query === "" ? "" : `?${query}`}`;
}

/** Discovery, versions, health: below these clients look for no objects. */
const NO_RESOURCE = /^(\/kube\/[^/]+)?\/(api(\/[^/]*)?|apis(\/[^/]*){0,2}|(?!apis?\/).*)$/;

/** Answers with a Status, as the API server does. */
export function respondStatus(exchange: Pick<Exchange, "path" | "respond">, status: KubeStatus): void {
  // client-go reads a Status only in answers about objects; of others it shows what came as text
  const plain = NO_RESOURCE.test(exchange.path);
  const body = Buffer.from(plain ? status.message : `${JSON.stringify(status)}\n`);
  const headers = {
    "content-type": plain ? "text/plain; charset=utf-8" : "application/json",
    "content-length": body.length,
    "cache-control": "no-cache",
  };
  exchange.respond(status.code, headers).end(body);
}

/** Refuses an upgrade with a Status and closes the connection. */
export function refuseUpgrade({ socket }: Pick<UpgradeExchange, "socket">, status: KubeStatus): void {
  const body = `${JSON.stringify(status)}\n`;
  socket.end(
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? "Refused"}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // its end is noticed only where it is read, and some never close
  socket.resume();
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
}
