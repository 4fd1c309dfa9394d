import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** One message of a client behind its login. */
export interface ClientMessage {
  readonly session: number;
  readonly database: string;
  /** The type byte as a letter. */
  readonly type: string;
  readonly body: Buffer;
}

export interface CaptureTap extends AsyncDisposable {
  readonly port: number;
}

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** Stands between a tool and a server that trusts everybody; every message waits until `note` has looked at it. */
export async function startCaptureTap(
  port: number,
  note: (message: ClientMessage) => Promise<void>,
): Promise<CaptureTap> {
  const sockets = new Set<Socket>();
  let sessions = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ host: "127.0.0.1", port, noDelay: true });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    target.pipe(client);
    read(client, target, () => ++sessions, note).catch(() => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function read(
  client: Socket,
  target: Socket,
  begin: () => number,
  note: (message: ClientMessage) => Promise<void>,
): Promise<void> {
  let bytes: Buffer = Buffer.alloc(0);
  let session = 0;
  let database = "";
  for await (const chunk of client) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    for (;;) {
      const start = session === 0 ? 0 : 1;
      if (bytes.length < start + 4) break;
      const end = start + bytes.readInt32BE(start);
      if (bytes.length < end) break;
      const message = bytes.subarray(0, end);
      bytes = bytes.subarray(end);
      if (session > 0) {
        await note({ session, database, type: String.fromCharCode(message[0] ?? 0), body: message.subarray(5) });
        target.write(message);
        continue;
      }
      const code = message.readInt32BE(4);
      if (code === SSL_REQUEST || code === GSS_REQUEST) client.write("N");
      else {
        target.write(message);
        if (code === CANCEL_REQUEST) continue;
        session = begin();
        const words = message.subarray(8).toString().split("\0");
        database = words[words.indexOf("database") + 1] ?? "";
      }
    }
  }
  target.end();
}
