import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Target } from "../session/target.ts";
import { SpdyConnection } from "../spdy/connection.ts";
import { askForWebSocket } from "../websocket/handshake.ts";
import { messageStream } from "../websocket/message-stream.ts";
import { PORT_FORWARD, TUNNEL } from "./accept-port-forward.ts";

export type OpenedForward =
  | { readonly ok: true; readonly connection: SpdyConnection }
  | { readonly ok: false; readonly response: IncomingMessage };

/**
 * Opens port-forward at the API server: SPDY inside of a WebSocket where the client came by one, and SPDY by itself where
 * that is not taken, as kubectl does. Rejects as `Target.upgrade`.
 */
export async function openPortForward(request: {
  readonly target: Pick<Target, "upgrade">;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly transport: "websocket" | "spdy";
  readonly signal: AbortSignal;
}): Promise<OpenedForward> {
  const { target, path, headers, transport, signal } = request;
  if (transport === "websocket") {
    const { headers: asked, accept } = askForWebSocket([TUNNEL]);
    const upgraded = await target.upgrade({ path, signal, method: "GET", headers: { ...headers, ...asked } });
    if (upgraded.ok) {
      const { "sec-websocket-accept": answered, "sec-websocket-protocol": protocol } = upgraded.headers;
      if (answered === accept && protocol === TUNNEL) {
        const tunnel = messageStream(upgraded.socket, upgraded.head, "client");
        return { ok: true, connection: new SpdyConnection(tunnel, Buffer.alloc(0), { role: "client" }) };
      }
      upgraded.socket.destroy();
    } else upgraded.response.resume();
  }
  const asked = {
    connection: "Upgrade",
    upgrade: "SPDY/3.1",
    "x-stream-protocol-version": PORT_FORWARD,
    "content-length": 0,
  };
  const upgraded = await target.upgrade({ path, signal, method: "POST", headers: { ...headers, ...asked } });
  if (!upgraded.ok) return upgraded;
  return { ok: true, connection: new SpdyConnection(upgraded.socket, upgraded.head, { role: "client" }) };
}
