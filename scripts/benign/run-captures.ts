import { readdirSync, readFileSync } from "node:fs";
import { type PostgresServer, type PostgresVersion, startPostgres } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { type Field, readAnswers } from "./answers.ts";
import { type Judged, judge } from "./judge.ts";
import { Replay, type Target } from "./replay.ts";
import { prepareShop, SHOP } from "./shop.ts";
import type { Capture, Statement } from "./statement.ts";

export interface ToolResult {
  readonly capture: Capture;
  readonly judged: readonly { readonly batch: readonly Statement[]; readonly result: Judged }[];
  readonly milliseconds: number;
}

/** The example policy, whole: labels, masks, writes, AI agents. */
const POLICIES = new URL("../../deploy/examples/policies/", import.meta.url);
/** Tables that the tools make for themselves, as an administrator knows them beforehand. */
const CLASSIFIED = new URL("./classified.yaml", import.meta.url);
/** Columns that carry a label by deploy/examples/policies/labels.yaml. */
const LABELLED = new Set(["full_name", "email", "ssn", "phone", "card", "dob"]);

export async function runCaptures(
  captures: readonly Capture[],
  version: PostgresVersion,
  onTool: (result: ToolResult) => void,
): Promise<void> {
  await using direct = await startPostgres({ version });
  await using other = await startPostgres({ version });
  await using twin = await startPostgres({ version });
  await prepareShop(direct, "first");
  await prepareShop(other, "other");
  await prepareShop(twin, "first");
  await using gateway = await startGateway(twin);
  for (const capture of captures) {
    const own = `${SHOP}_${capture.tool.replaceAll("-", "_")}`;
    for (const server of [direct, other, twin]) await server.sql(`CREATE DATABASE ${own} TEMPLATE ${SHOP}`);
    const principal = capture.principal.split("/")[0] ?? "";
    const { secret } = await gateway.secret(principal);
    const started = performance.now();
    const judged = await runCapture(capture, {
      version,
      direct: straight(direct, own, capture.tool),
      other: straight(other, own, capture.tool),
      through: {
        port: gateway.port,
        user: capture.principal,
        application: capture.tool,
        password: secret,
        database: (name) => `${gateway.database}/${name ?? own}`,
        ask: (sql) => twin.sql(sql, own),
      },
    });
    onTool({ capture, judged, milliseconds: performance.now() - started });
  }
}

function startGateway(target: PostgresServer): Promise<Tidewaiter> {
  const policies = readdirSync(POLICIES).map((name) => ({
    name,
    source: readFileSync(new URL(name, POLICIES), "utf8"),
  }));
  return startTidewaiter({
    target: { host: target.host, port: target.port, user: target.superuser, database: SHOP },
    resource: SHOP,
    policies: [...policies, { name: "classified.yaml", source: readFileSync(CLASSIFIED, "utf8") }],
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "dba", type: "user", level: "admin", groups: ["migrators"] },
      { name: "owner", type: "user", level: "admin", groups: ["pii-readers", "migrators"] },
      { name: "mia", type: "user", level: "read", groups: ["data-owners"], roles: ["user", "reviewer"] },
    ],
  });
}

function straight(server: PostgresServer, own: string, application: string): Target {
  return {
    application,
    port: server.port,
    user: server.superuser,
    database: (name) => name ?? own,
    ask: (sql) => server.sql(sql, own),
  };
}

interface Targets {
  readonly version: PostgresVersion;
  readonly direct: Target;
  readonly other: Target;
  readonly through: Target;
}

async function runCapture(capture: Capture, targets: Targets): Promise<ToolResult["judged"]> {
  await using direct = new Replay(targets.direct);
  await using other = new Replay(targets.other);
  await using through = new Replay(targets.through);
  const labels = await labelledColumns(targets.direct);
  const isLabelled = ({ table, attnum }: Field) => attnum >= 0 && labels.has(`${table} ${attnum}`);
  const last = new Map(capture.statements.map((statement, index) => [statement.session, index]));
  const judged: { batch: readonly Statement[]; result: Judged }[] = [];
  const open = new Map<number, Statement[]>();
  for (const [index, statement] of capture.statements.entries()) {
    const batch = open.get(statement.session) ?? [];
    batch.push(statement);
    open.set(statement.session, batch);
    if (statement.protocol === "simple" || statement.send?.endsWith("S")) {
      open.delete(statement.session);
      const compared = {
        batch,
        direct: readAnswers(await direct.run(batch)),
        other: readAnswers(await other.run(batch)),
        through: readAnswers(await through.run(batch)),
        isLabelled,
        otherRelease: capture.server.split(".")[0] !== targets.version,
      };
      judged.push({ batch, result: judge(compared) });
    }
    if (last.get(statement.session) !== index) continue;
    for (const replay of [direct, other, through]) await replay.end(statement.session);
  }
  return judged;
}

async function labelledColumns({ ask }: Target): Promise<ReadonlySet<string>> {
  const rows = await ask(
    "select attrelid, attnum, attname from pg_attribute where attrelid in ('customers'::regclass) and attnum > 0",
  );
  const own = rows.filter(({ attname }) => LABELLED.has(String(attname)));
  return new Set([...own.map(({ attrelid, attnum }) => `${attrelid} ${attnum}`), ...own.map((r) => `${r.attrelid} 0`)]);
}
