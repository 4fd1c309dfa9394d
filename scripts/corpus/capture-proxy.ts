import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

export interface CaptureProxy extends AsyncDisposable {
  readonly port: number;
  /** Every byte that clients received since the last call. */
  take(): Buffer;
}

/** Stands between a client and the gateway in clear text and keeps all that the client receives, whatever frame it is in. */
export async function startCaptureProxy(port: number): Promise<CaptureProxy> {
  let received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const gateway = connect(port, "127.0.0.1");
    for (const socket of [client, gateway]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    gateway.on("data", (chunk) => received.push(chunk));
    client.pipe(gateway);
    gateway.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const all = Buffer.concat(received);
      received = [];
      return all;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
