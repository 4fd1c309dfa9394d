import type { Socket } from "node:net";
import pg from "pg";
import type { Attempt, Endpoint } from "./run-case.ts";

/** Runs `work` on a node-postgres connection in clear text; `work` gives the rows. */
export async function byDriver(
  endpoint: Endpoint,
  work: (client: pg.Client) => Promise<unknown>,
  byteByByte = false,
): Promise<Omit<Attempt, "bytes">> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    ssl: false,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    if (byteByByte) splitWrites((client as unknown as { connection: { stream: Socket } }).connection.stream);
    return { errors: [], output: JSON.stringify(await work(client)) };
  } catch (error) {
    return {
      errors: [error instanceof pg.DatabaseError ? (error.code ?? "") : "08006"],
      output: error instanceof Error ? error.message : "",
    };
  } finally {
    await client.end().catch(() => {});
  }
}

/** Every byte in a write of its own. */
function splitWrites(socket: Socket): void {
  socket.setNoDelay(true);
  const write = socket.write.bind(socket);
  socket.write = ((chunk: Buffer | string, ...rest: []) => {
    const bytes = Buffer.from(chunk as string);
    let last = true;
    for (let at = 0; at < bytes.length; at++) last = write(bytes.subarray(at, at + 1), ...rest);
    return last;
  }) as Socket["write"];
}
