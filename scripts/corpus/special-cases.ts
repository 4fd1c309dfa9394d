import { connect } from "node:net";
import { runPsql } from "@tidewaiter/testkit";
import { byDriver } from "./by-driver.ts";
import type { CorpusCase } from "./cases.ts";
import type { Attempt, Endpoint } from "./run-case.ts";

type Special = (one: CorpusCase, endpoint: Endpoint) => Promise<Omit<Attempt, "bytes">>;

const TIMEOUT_MS = 10_000;

/** Cases that need more than a statement: start-up packets, fragments, sizes. */
export const SPECIAL: Readonly<Record<string, Special>> = {
  // logical replication connection
  B129: (_one, endpoint) => psql(endpoint, ["-c", "IDENTIFY_SYSTEM"], "replication=database"),
  // GSSENCRequest, then clear text pipelined behind SSLRequest
  B132: async (_one, endpoint) => {
    const answer = await raw(
      endpoint,
      Buffer.concat([
        Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]),
        Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]),
        startup(endpoint),
      ]),
    );
    return {
      errors: answer.includes("R") ? [] : ["28000"],
      output: answer.includes("R") ? "authentication went on" : "closed",
    };
  },
  // padding of 2 MB
  B144: (one, endpoint) =>
    byDriver(
      endpoint,
      async (client) =>
        (
          await client.query({
            text: `select email from customers where id=1 /* ${one.id}${"x".repeat(2 * 1024 * 1024)} */`,
            rowMode: "array",
          })
        ).rows,
    ),
  // one byte per TCP segment
  B145: (_one, endpoint) =>
    byDriver(
      endpoint,
      async (client) => (await client.query({ text: "select email from customers where id=1", rowMode: "array" })).rows,
      true,
    ),
  // names that differ behind the 63 bytes which the server keeps
  T007: (_one, endpoint) =>
    byDriver(endpoint, async (client) => {
      const name = "n".repeat(63);
      const harmless = { name: `${name}a`, text: "select upper(country) from customers where id=1" };
      await client.query(harmless);
      await client.query(`deallocate ${name}`);
      await client.query({ name: `${name}b`, text: "select reverse(ssn) from customers where id=1" });
      return (await client.query({ ...harmless, rowMode: "array" })).rows;
    }),
  B127: (one, endpoint) => psql(endpoint, ["-c", one.sql ?? ""]),
  B130: (one, endpoint) =>
    psql(
      endpoint,
      (one.steps ?? []).flatMap((step) => ["-c", step]),
    ),
  B149: (one, endpoint) => psql(endpoint, ["-c", one.sql ?? ""]),
  B150: (one, endpoint) => psql(endpoint, ["-c", one.sql ?? ""]),
  B152: (one, endpoint) => psql(endpoint, ["-c", one.sql ?? ""]),
  B082: (one, endpoint) => psql(endpoint, ["-c", one.sql ?? ""]),
};

async function psql(endpoint: Endpoint, args: readonly string[], extra?: string): Promise<Omit<Attempt, "bytes">> {
  const database = extra === undefined ? endpoint.database : `dbname=${endpoint.database} ${extra}`;
  const result = await runPsql({
    ...endpoint,
    database,
    sslmode: "disable",
    args: ["-v", "VERBOSITY=verbose", ...args],
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const errors = [...result.stderr.matchAll(/(?:ERROR|FATAL): {2}(?:(\w{5}):)?/g)].map((match) => match[1] ?? "0A000");
  return { errors, output: result.stdout + result.stderr };
}

function startup({ user, database }: Endpoint): Buffer {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0${database}\0\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

function raw({ port }: Endpoint, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const received: Buffer[] = [];
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(received).toString("latin1"));
    };
    socket.setTimeout(2_000, done);
    socket.on("data", (chunk) => received.push(chunk));
    socket.on("error", done);
    socket.on("close", done);
  });
}
