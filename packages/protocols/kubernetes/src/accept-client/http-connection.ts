import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { performServerHandshake } from "node:http2";
import type { Duplex, Writable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { failure, type KubeStatus } from "../status.ts";
import type { Exchange, UpgradeExchange } from "./exchange.ts";

/** Long commands of exec stand in the URL; beyond that no client of Kubernetes goes. */
const MAX_HEADER_BYTES = 256 * 1024;
const HEADERS_MS = 30_000;
/** A body may be slow, but not for ever. */
const REQUEST_MS = 300_000;
const KEEP_ALIVE_MS = 90_000;
const CHECK_MS = 5_000;
/** For whoever does not read why its connection ends. */
const GOODBYE_MS = 1_000;
const MAX_STREAMS = 250;
const HTTP2_IDLE_MS = 15 * 60_000;
const H2_WINDOW = 1024 * 1024;

export interface Requests {
  request(exchange: Exchange): void;
  upgrade(exchange: UpgradeExchange): void;
  /** What came next is no request that can be read, and was refused; the connection ends. */
  unread(status: KubeStatus): void;
}

/** Serves the requests of connections that TLS has been agreed on, over HTTP/1.1 or HTTP/2 as ALPN says. */
export class HttpConnections {
  readonly #server: Server;
  readonly #requests = new WeakMap<Duplex, Requests>();

  constructor() {
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    });
    // of a server that never listens nobody else begins to look at the times above
    this.#server.emit("listening");
    this.#server.on("request", (request, response) => {
      this.#requests.get(request.socket)?.request(exchangeOf(request, response));
    });
    this.#server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => socket.destroy());
      this.#requests.get(request.socket)?.upgrade(upgradeOf(request, socket, head));
    });
    this.#server.on("clientError", (error, socket) => {
      const status = answerClientError(error, socket);
      if (status !== undefined) this.#requests.get(socket)?.unread(status);
    });
  }

  serve(socket: TLSSocket, requests: Requests): void {
    if (socket.alpnProtocol === "h2") return serveHttp2(socket, requests);
    this.#requests.set(socket, requests);
    this.#server.emit("connection", socket);
  }
}

function serveHttp2(socket: TLSSocket, requests: Requests): void {
  const session: ServerHttp2Session = performServerHandshake(socket, {
    settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: H2_WINDOW, maxHeaderListSize: MAX_HEADER_BYTES },
    maxHeaderListPairs: 256,
  });
  session.setLocalWindowSize(4 * H2_WINDOW);
  session.setTimeout(HTTP2_IDLE_MS, () => session.close());
  session.on("error", () => session.destroy());
  // a half-open socket does not close by itself when its client has left
  socket.once("end", () => session.destroy());
  session.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    requests.request(exchangeOfStream(stream, headers));
  });
}

/** What Node's parser did not take: too long, or no HTTP. Undefined: the client has left. */
function answerClientError(error: Error & { code?: string }, socket: Duplex): KubeStatus | undefined {
  // answered already: what it still sends is thrown away here, for an end with bytes unread is a reset, which overtakes the answer
  if (socket.writableEnded && error.code !== "ECONNRESET") return undefined;
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return undefined;
  }
  const [line, status] = clientFault(error.code);
  const body = `${JSON.stringify(status)}\n`;
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
  return status;
}

function clientFault(code: string | undefined): readonly [string, KubeStatus] {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return [
        "431 Request Header Fields Too Large",
        failure("RequestEntityTooLarge", `the head of the request is longer than ${MAX_HEADER_BYTES} bytes`),
      ];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return ["408 Request Timeout", failure("BadRequest", "the request took too long to arrive")];
    default:
      return ["400 Bad Request", failure("BadRequest", "this is not HTTP that the gateway understands")];
  }
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  response.on("error", () => {});
  return {
    method: request.method ?? "",
    ...splitUrl(request.url ?? ""),
    headers: request.headers,
    body: request,
    signal: gone.signal,
    respond: (status, headers) => response.writeHead(status, headers),
  };
}

function upgradeOf(request: IncomingMessage, socket: Duplex, head: Buffer): UpgradeExchange {
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const { method = "", url = "", headers } = request;
  return { method, ...splitUrl(url), headers, signal: gone.signal, socket, head };
}

function exchangeOfStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
  const gone = new AbortController();
  stream.once("close", () => {
    if (!stream.writableFinished) gone.abort();
  });
  const { ":method": method = "", ":path": url = "" } = headers;
  return {
    method,
    ...splitUrl(url),
    headers,
    body: stream,
    signal: gone.signal,
    respond(status, sent): Writable {
      if (!stream.destroyed) stream.respond({ ":status": status, ...withoutConnection(sent) });
      return stream;
    },
  };
}

/** HTTP/2 has no headers about the connection (RFC 9113, section 8.2.2). */
function withoutConnection(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const { connection: _, "keep-alive": __, "transfer-encoding": ___, upgrade: ____, ...rest } = headers;
  return rest;
}

/** `OPTIONS *` and absolute forms do not begin with a slash and are refused by whoever reads the path. */
function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf("?");
  return mark < 0 ? { path: url, query: "" } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}
