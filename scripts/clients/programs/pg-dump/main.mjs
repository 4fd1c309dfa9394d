import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";

const work = mkdtempSync(join(tmpdir(), "tidewaiter-dump-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const restored = process.env.CLIENT_OTHER_DATABASE;
const dump = (...args) => command(program("pg_dump"), ["-w", ...args]);
const psql = (sql, env = {}) =>
  command(program("psql"), ["-X", "-w", "-At", "-v", "ON_ERROR_STOP=1"], { input: sql, env });
/** Later releases put a random key into \restrict. */
const text = ({ code, stdout, stderr }) => ({
  code,
  stderr,
  stdout: stdout.replaceAll(/^\\(un)?restrict .*$/gm, ""),
});

/** Dumps, restores into an empty database, and says what is in there. */
async function roundTrip(dumpArgs, restoreArgs) {
  const file = join(work, dumpArgs.join("").replaceAll(/\W/g, "") || "plain");
  const dumped = await dump(...dumpArgs, "-f", file);
  const emptied = await psql("drop database if exists restored;\ncreate database restored;\n");
  const into = restored ?? "restored";
  const restore =
    restoreArgs === undefined
      ? await command(program("psql"), ["-X", "-w", "-q", "-v", "ON_ERROR_STOP=1", "-f", file], {
          env: { PGDATABASE: into },
        })
      : await command(program("pg_restore"), ["-w", ...restoreArgs, "-d", into, file]);
  const found = await command(program("pg_dump"), ["-w", "--inserts", "--no-owner"], { env: { PGDATABASE: into } });
  return [
    [dumped, emptied].map(({ code, stderr }) => [code, stderr.replaceAll(work, "")]),
    [restore.code, restore.stderr.replaceAll(work, "")],
    text(found),
  ];
}

await runScenarios({
  "plain text": async () => text(await dump()),
  "plain text, restored by psql": () => roundTrip([], undefined),
  inserts: async () => text(await dump("--inserts", "--column-inserts")),
  "schema only": async () => text(await dump("--schema-only")),
  "custom format, pg_restore -j": () => roundTrip(["-Fc"], ["-j", "3"]),
  "directory format in parallel, pg_restore -j": () => roundTrip(["-Fd", "-j", "3"], ["-j", "3"]),
  "pg_dumpall of globals": async () =>
    text(await command(program("pg_dumpall"), ["-w", "--globals-only", "-l", process.env.PGDATABASE])),
  labelled: async () => text(await dump("--data-only", "-t", "customers")),
});
