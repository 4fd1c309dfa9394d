import { spawn } from "node:child_process";
import { hasCommand } from "@tidewaiter/testkit";
import pg from "pg";

export interface SqlClient {
  /** `psql`, or the driver that stands in where none is installed. */
  readonly name: string;
  /** Runs statements one by one in one session; resolves with all that a person would see. */
  run(user: string, password: string, statements: readonly string[]): Promise<string>;
}

/** The real psql where there is one, else the node-postgres driver. */
export async function sqlClient(port: number, database: string): Promise<SqlClient> {
  return (await hasCommand("psql")) ? psql(port, database) : driver(port, database);
}

function psql(port: number, database: string): SqlClient {
  return {
    name: "psql",
    run: (user, password, statements) =>
      new Promise((resolve, reject) => {
        const child = spawn(
          "psql",
          [
            "-X",
            "-w",
            `host=127.0.0.1 port=${port} dbname=${database} user=${user} sslmode=require`,
            ...statements.flatMap((statement) => ["-c", statement]),
          ],
          {
            env: { ...process.env, PGPASSWORD: password, PGSERVICEFILE: "/dev/null", PAGER: "cat" },
          },
        );
        let output = "";
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
        child.once("error", reject);
        child.once("close", () => resolve(output));
      }),
  };
}

function driver(port: number, database: string): SqlClient {
  return {
    name: "node-postgres (no psql is installed)",
    async run(user, password, statements) {
      const lines: string[] = [];
      const client = new pg.Client({
        host: "127.0.0.1",
        port,
        database,
        user,
        password,
        ssl: { rejectUnauthorized: false },
      });
      client.on("notice", (notice) =>
        lines.push(`NOTICE:  ${notice.message}`, ...(notice.detail ? [`DETAIL:  ${notice.detail}`] : [])),
      );
      client.on("error", () => {});
      await client.connect();
      for (const statement of statements) {
        try {
          const { rows, command, rowCount } = await client.query(statement);
          lines.push(
            ...(rows as Record<string, unknown>[]).map((row) => Object.values(row).join(" | ")),
            `${command} ${rowCount ?? ""}`,
          );
        } catch (error) {
          if (!(error instanceof pg.DatabaseError)) throw error;
          lines.push(`ERROR:  ${error.message}`, ...(error.detail ? [`DETAIL:  ${error.detail}`] : []));
        }
      }
      await client.end();
      return `${lines.join("\n")}\n`;
    },
  };
}
