import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Told } from "./world.ts";

/** A TCP client that writes what it is told to; for bytes that no driver would send. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    // a reset is an end as well
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async open(port: number, bytes: Uint8Array): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const client = new RawClient(socket);
    socket.write(bytes);
    return client;
  }

  get received(): Buffer {
    return this.#received;
  }

  /** Waits until the server has closed; the fields of its last ErrorResponse, if there was one. */
  async end(): Promise<Told | undefined> {
    await this.closed;
    const at = this.#received.indexOf("ESFATAL\0", 0, "latin1") >= 0 ? 0 : this.#received.indexOf("E");
    return at < 0 ? undefined : errorAt(this.#received.subarray(at));
  }
}

/** ErrorResponse: byte E, int32 length, fields of a type byte and a C string, a zero byte (protocol chapter "Message Formats"). */
function errorAt(bytes: Buffer): Told {
  const fields = new Map<string, string>();
  for (let at = 5; at < bytes.length && bytes[at] !== 0; ) {
    const end = bytes.indexOf(0, at);
    fields.set(String.fromCharCode(bytes[at] ?? 0), bytes.toString("utf8", at + 1, end));
    at = end + 1;
  }
  return { code: fields.get("C") ?? "", severity: fields.get("V") ?? "", message: fields.get("M") ?? "" };
}

export const PROTOCOL_3 = 3 << 16;
export const SSL_REQUEST = 80877103;

/** StartupMessage: int32 length, int32 protocol, pairs of C strings, a zero byte. */
export function startup(parameters: Readonly<Record<string, string>>, protocol = PROTOCOL_3): Buffer {
  const text = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  return packet(protocol, Buffer.from(`${text.join("")}\0`));
}

export function packet(code: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, body]);
}
