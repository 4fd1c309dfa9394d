import pg from "pg";

export interface PgConnection extends AsyncDisposable {
  readonly client: pg.Client;
  /** NOTICE messages in order of arrival, as `message` lines. */
  readonly notices: string[];
}

/** A connected node-postgres client, closed by `await using`. Connection errors reject with the server's SQLSTATE. */
export async function connectPg(config: string | pg.ClientConfig): Promise<PgConnection> {
  const client = new pg.Client(config);
  const notices: string[] = [];
  client.on("notice", (notice) => notices.push(notice.message ?? ""));
  // A server that goes away is reported by the pending query; without a listener it would end the test process.
  client.on("error", () => {});
  await client.connect();
  return { client, notices, [Symbol.asyncDispose]: () => client.end() };
}
