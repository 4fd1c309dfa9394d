import type { RawData, WebSocket } from "ws";
import { MAX_MESSAGE_BYTES } from "./frame.ts";
import type { SocketHandlers, TunnelSocket } from "./socket.ts";

/**
 * Options both ends of a tunnel give to `ws`. Never deflate (measured: 0.23 of the speed; and compressing secrets beside
 * chosen bytes leaks them). The caps bound what an unauthenticated peer may make us hold.
 */
export const WEB_SOCKET_OPTIONS = {
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: 64,
  maxBufferedChunks: 4096,
  skipUTF8Validation: true,
} as const;

const CLOSE_GRACE_MS = 2_000;
const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;

/** Adapter for an open WebSocket of the `ws` package. */
export function fromWebSocket(webSocket: WebSocket): TunnelSocket {
  let failure: string | undefined;
  let ended = false;

  function start(handlers: SocketHandlers): void {
    const end = (text: string): void => {
      if (ended) return;
      ended = true;
      handlers.closed(text);
    };
    webSocket.on("message", (data: RawData, isBinary: boolean) => {
      if (ended) return;
      if (!isBinary) webSocket.close(UNSUPPORTED_DATA, "binary messages only");
      else handlers.message(asBuffer(data));
    });
    webSocket.once("close", (code) => end(failure ?? `connection closed (${code})`));
    // Tells a listener that came late: a socket may have closed between its open event and start().
    if (webSocket.readyState === webSocket.CLOSED) setImmediate(end, failure ?? "connection closed");
    else webSocket.resume();
  }

  // Without this a message that comes before start() has no listener and is lost.
  webSocket.pause();
  webSocket.on("error", (error) => {
    failure ??= "code" in error ? `connection failed (${String(error.code)})` : "connection failed";
  });

  return {
    start,
    send(message, sent) {
      webSocket.send(message, { binary: true, compress: false }, (error) => {
        if (!error) sent();
      });
    },
    close() {
      webSocket.close(NORMAL_CLOSURE);
      const timer = setTimeout(() => webSocket.terminate(), CLOSE_GRACE_MS);
      timer.unref();
      webSocket.once("close", () => clearTimeout(timer));
    },
    terminate() {
      webSocket.terminate();
    },
  };
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
