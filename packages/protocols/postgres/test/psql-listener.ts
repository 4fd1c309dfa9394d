import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { acceptClient, sendAuthenticationOk } from "../src/accept-client/accept-client.ts";
import type { AcceptedClient, AcceptOptions, ClientLogin } from "../src/accept-client/options.ts";
import { encodeBackend } from "../src/encode-backend.ts";
import { packValues } from "../src/encode-frontend.ts";
import { HandshakeReader } from "../src/handshake-reader.ts";
import { FRONTEND } from "../src/messages.ts";
import { makeVerifier, SCRAM_ITERATIONS } from "../src/scram/keys.ts";
import type { ScramAccount } from "../src/scram/server.ts";

/** A principal whose secrets are named by their ids. */
export async function accountOf(secrets: Readonly<Record<string, string>>): Promise<ScramAccount> {
  const salt = randomBytes(16);
  const verifiers = await Promise.all(
    Object.entries(secrets).map(async ([id, secret]) => ({
      id,
      ...(await makeVerifier(secret, salt, SCRAM_ITERATIONS)),
    })),
  );
  return { salt, iterations: SCRAM_ITERATIONS, verifiers };
}

/** A listener that accepts clients with `acceptClient` and answers every query with the facts of the login. */
export async function psqlListener(options: AcceptOptions) {
  const accepted: AcceptedClient[] = [];
  const waiting: ((client: AcceptedClient) => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (socket) => {
    sockets.add(socket);
    const client = await acceptClient(socket, options);
    accepted.push(client);
    waiting.shift()?.(client);
    if (client.kind === "login") await answerQueries(client).catch(() => client.stream.destroy());
    if (client.kind === "cancel") client.stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    accepted,
    /** The outcome of the next handshake that ends. */
    next: () => new Promise<AcceptedClient>((resolve) => waiting.push(resolve)),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function answerQueries(client: ClientLogin): Promise<void> {
  const { stream } = client;
  sendAuthenticationOk(stream);
  stream.write(encodeBackend({ name: "ParameterStatus", parameter: "server_version", value: "15.0" }));
  stream.write(encodeBackend({ name: "ParameterStatus", parameter: "client_encoding", value: "UTF8" }));
  stream.write(encodeBackend({ name: "BackendKeyData", processId: 7, secretKey: Buffer.from([1, 2, 3, 4]) }));
  ready(stream);
  const reader = new HandshakeReader(stream, AbortSignal.timeout(20_000));
  for (
    let view = await reader.message(100_000);
    view.type !== FRONTEND.Terminate;
    view = await reader.message(100_000)
  ) {
    const { user, level, database, serverName, tls, channelBinding, proof } = client;
    const facts = JSON.stringify({ user, level, database, serverName, tls, channelBinding, proof });
    const column = { name: "facts", tableOid: 0, attnum: 0, typeOid: 25, typeSize: -1, typeModifier: -1, format: 0 };
    stream.write(encodeBackend({ name: "RowDescription", fields: [column] }));
    stream.write(encodeBackend({ name: "DataRow", columns: packValues([Buffer.from(facts)]) }));
    stream.write(encodeBackend({ name: "CommandComplete", tag: "SELECT 1" }));
    ready(stream);
  }
  stream.end();
}

function ready(stream: Duplex): void {
  stream.write(encodeBackend({ name: "ReadyForQuery", status: "I" }));
}
