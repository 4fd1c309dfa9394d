import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TappedConnection {
  readonly toTarget: Buffer;
  readonly fromTarget: Buffer;
  /** Tears the connection down on both sides. */
  cut(): void;
}

/** A listener before a server that keeps what passes, in both directions, per connection. */
export interface Tap extends AsyncDisposable {
  readonly port: number;
  readonly connections: readonly TappedConnection[];
}

export async function startTap(target: { readonly port: number }): Promise<Tap> {
  const connections: TappedConnection[] = [];
  const server = createServer({ noDelay: true }, (client) => {
    connections.push(tapped(client, connect({ host: "127.0.0.1", port: target.port, noDelay: true })));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const connection of connections) connection.cut();
    },
  };
}

function tapped(client: Socket, target: Socket): TappedConnection {
  const sent: Buffer[] = [];
  const received: Buffer[] = [];
  const cut = (): void => {
    client.destroy();
    target.destroy();
  };
  client.on("data", (chunk: Buffer) => sent.push(chunk));
  target.on("data", (chunk: Buffer) => received.push(chunk));
  client.on("error", cut);
  target.on("error", cut);
  client.pipe(target).pipe(client);
  return {
    get toTarget() {
      return Buffer.concat(sent);
    },
    get fromTarget() {
      return Buffer.concat(received);
    },
    cut,
  };
}
