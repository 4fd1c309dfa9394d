import { expect } from "vitest";
import { hasCommand } from "../src/command.ts";
import { startPostgres } from "../src/postgres-server/start.ts";
import { runPsql } from "../src/psql.ts";
import { skipUnless } from "../src/skip-unless.ts";

skipUnless(hasCommand("psql"), "psql (postgresql-client)").it(
  "runs psql with a password, input and interruption",
  async () => {
    await using server = await startPostgres({ auth: "scram", sql: ["CREATE ROLE ana LOGIN PASSWORD 'right'"] });
    const target = { port: server.port, user: "ana", database: "postgres" };
    const right = await runPsql({ ...target, password: "right", args: ["-At"], input: "select current_user;\n" });
    expect(right).toMatchObject({ code: 0, stdout: "ana\n", stderr: "" });
    const wrong = await runPsql({ ...target, password: "wrong", args: ["-c", "select 1"] });
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    const abort = new AbortController();
    const args = ["-c", "do $$ begin raise notice 'started'; perform pg_sleep(60); end $$"];
    const onStderr = () => abort.abort();
    const cancelled = await runPsql({ ...target, password: "right", args, signal: abort.signal, onStderr });
    expect(cancelled.stderr).toContain("canceling statement");
  },
);
