import type { Duplex } from "node:stream";
import { type Carrier, Channel } from "../carrier/channel.ts";
import { WebSocketConnection } from "./connection.ts";

/** One byte stream in the binary messages of a WebSocket, wherever they are cut: how SPDY travels in `SPDY/3.1+...` protocols. */
export function messageStream(socket: Duplex, head: Buffer, role: "server" | "client"): Duplex {
  const carrier: Carrier = {
    send: (_, chunk, done) => connection.send(Buffer.from(chunk), true, done),
    finish: (_, done) => {
      connection.end();
      done();
    },
    closed: () => connection.end(),
    full: (channel) => connection.shared.hold(channel),
    room: (channel) => connection.shared.release(channel),
  };
  const stream = new Channel(0, carrier);
  const connection = new WebSocketConnection(socket, head, { role, onMessage: (message) => stream.receive(message) });
  void connection.over.then(() => stream.receiveReset());
  return stream;
}
