import { once } from "node:events";
import { connect, type Socket } from "node:net";
import pg from "pg";
import type { Route } from "./route.ts";

export interface RawResult {
  readonly bytes: number;
  readonly rows: number;
}

const errorResponse = 0x45;
const dataRow = 0x44;
const readyForQuery = 0x5a;

/**
 * A logged-in connection whose replies are only counted, so that the client costs as little as possible and the bench
 * sees the server and what stands before it. node-postgres does the login and then lets go of the socket.
 */
export class RawSession {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(route: Route): Promise<RawSession> {
    const { host, port, user, password, database } = route;
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    // node-postgres connects the stream that it is given; this one already is.
    const login = Object.assign(socket, { connect: () => queueMicrotask(() => socket.emit("connect")) });
    const client = new pg.Client({ user, password, database, ssl: false, stream: () => login });
    await client.connect();
    for (const event of ["data", "end", "close", "error", "drain"]) socket.removeAllListeners(event);
    socket.on("error", () => {});
    return new RawSession(socket);
  }

  /** Runs one statement and counts what comes back. Rejects on an ErrorResponse or when the connection ends. */
  query(sql: string): Promise<RawResult> {
    const socket = this.#socket;
    const counter = new ReplyCounter();
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        socket.off("data", onData).off("close", onClose);
        settle();
      };
      const onClose = () => finish(() => reject(new Error("the connection ended")));
      const onData = (chunk: Buffer) => {
        counter.add(chunk);
        if (!counter.ready) return;
        finish(() => (counter.failed ? reject(new Error(`${sql} failed`)) : resolve(counter)));
      };
      socket.on("data", onData).on("close", onClose);
      this.send(sql);
    });
  }

  /** Sends a statement and reads nothing of the reply: the slowest of all readers. */
  sendWithoutReading(sql: string): void {
    this.#socket.pause();
    this.send(sql);
  }

  private send(sql: string): void {
    const text = Buffer.from(`${sql}\0`);
    const header = Buffer.alloc(5);
    header.write("Q", "latin1");
    header.writeInt32BE(text.length + 4, 1);
    this.#socket.write(Buffer.concat([header, text]));
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Walks over message headers (type byte, Int32 length that counts itself) without touching the bodies. */
export class ReplyCounter {
  bytes = 0;
  rows = 0;
  ready = false;
  failed = false;
  #header = Buffer.alloc(5);
  #headerFilled = 0;
  #bodyLeft = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      if (this.#bodyLeft > 0) {
        const step = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= step;
        at += step;
        continue;
      }
      if (this.#headerFilled === 0 && chunk.length - at >= 5) {
        this.#begin(chunk[at] ?? 0, chunk.readInt32BE(at + 1));
        at += 5;
        continue;
      }
      this.#header[this.#headerFilled++] = chunk[at++] ?? 0;
      if (this.#headerFilled < 5) continue;
      this.#headerFilled = 0;
      this.#begin(this.#header[0] ?? 0, this.#header.readInt32BE(1));
    }
  }

  #begin(type: number, length: number): void {
    this.#bodyLeft = length - 4;
    if (type === dataRow) this.rows++;
    else if (type === readyForQuery) this.ready = true;
    else if (type === errorResponse) this.failed = true;
  }
}
