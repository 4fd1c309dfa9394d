import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startPostgres } from "@tidewaiter/testkit";
import { nameOids } from "../oids.ts";
import { prepareShop, SHOP } from "../shop.ts";
import type { Source } from "../statement.ts";
import { Recorder } from "./recorder.ts";
import { startCaptureTap } from "./tap.ts";

const USAGE = `Usage: node scripts/benign/capture/main.ts --tool NAME --version VERSION --as PRINCIPAL [--licence TEXT] [--distinct] -- COMMAND ARG...

Runs a tool against a fresh PostgreSQL 15 with the sample shop and keeps what it sends in statements/NAME.jsonl.
  --distinct   a query that was sent before, word for word, is kept once

The command finds the server in PGHOST, PGPORT, PGUSER, PGDATABASE and DATABASE_URL.
`;
/** Alone it changes nothing that a later statement may need. */
const QUERY = /^\s*(--[^\n]*\n\s*)*(select|with)\b/i;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tool: { type: "string" },
      version: { type: "string" },
      as: { type: "string" },
      licence: { type: "string" },
      distinct: { type: "boolean" },
    },
  });
  const [file, ...args] = positionals;
  const { tool, version, as: principal } = values;
  if (file === undefined || tool === undefined || version === undefined || principal === undefined) {
    process.stderr.write(USAGE);
    return 64;
  }
  await using server = await startPostgres({ version: "15" });
  await prepareShop(server, "first");
  const ask = (sql: string) => server.sql(sql, SHOP);
  const recorder = new Recorder(SHOP, (text) => nameOids(text, ask));
  await using tap = await startCaptureTap(server.port, (message) => recorder.note(message));
  const child = spawn(file, args, {
    stdio: ["inherit", "inherit", "inherit"],
    env: {
      ...process.env,
      PGHOST: "127.0.0.1",
      PGPORT: String(tap.port),
      PGUSER: "postgres",
      PGPASSWORD: "unused",
      PGDATABASE: SHOP,
      DATABASE_URL: `postgresql://postgres:unused@127.0.0.1:${tap.port}/${SHOP}`,
    },
  });
  const [code] = (await once(child, "close")) as [number | null];
  const licence = values.licence ?? "captured by us from the tool's own traffic";
  const source: Source = { tool, version, licence, principal, server: server.release };
  const seen = new Set<string>();
  const kept = recorder.lines.filter((line) => {
    const { session: _, ...sent } = line;
    const key = JSON.stringify(sent);
    const again = values.distinct === true && QUERY.test(line.sql) && seen.has(key);
    seen.add(key);
    return !again;
  });
  const lines = [source, ...kept].map((line) => JSON.stringify(line));
  writeFileSync(new URL(`../statements/${tool}.jsonl`, import.meta.url), `${lines.join("\n")}\n`);
  process.stderr.write(`${tool}: ${kept.length} statements, exit code ${code}\n`);
  return code ?? 1;
}

process.exit(await main());
