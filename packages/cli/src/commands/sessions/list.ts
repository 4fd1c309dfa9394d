import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { parseCount } from "../../input/duration.ts";
import { table } from "../../output/table.ts";
import { shortUtc, utc } from "../../output/times.ts";

interface Options {
  readonly live?: boolean;
  readonly ended?: boolean;
  readonly principal?: string;
  readonly resource?: string;
  readonly limit: string;
  readonly cursor?: string;
}

export const list = defineCommand<[], Options>({
  summary: "List sessions, the newest first: your own, or everybody's for those who may read them",
  configure: (command) =>
    command
      .option("--live", "only those that are open")
      .option("--ended", "only those that are over")
      .option("--principal <name>", "only of this principal")
      .option("--resource <name>", "only on this resource")
      .option("--limit <count>", "at most so many", "50")
      .option("--cursor <cursor>", "go on after an earlier list"),
  examples: ["tw sessions list", "tw sessions list --live --resource prod-db", "tw sessions list --json"],
  run: async (context, options) => {
    const query = queryOf(options);
    const result = await answer((await context.api()).GET("/v1/sessions", { params: { query } }));
    context.output.result(result, () =>
      table(
        result.sessions,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "STATE", value: ({ state }) => state },
          {
            title: "WHO",
            value: ({ principal, onBehalfOf }) => (onBehalfOf ? `${principal} for ${onBehalfOf}` : principal),
          },
          { title: "RESOURCE", value: ({ resource }) => resource },
          { title: "LEVEL", value: ({ level }) => level, spare: 1 },
          {
            title: "STARTED",
            value: ({ startedAt }) => utc(startedAt),
            short: ({ startedAt }) => shortUtc(startedAt),
          },
          { title: "STATEMENTS", value: ({ counters }) => counters.statements, align: "right", spare: 4 },
          { title: "REFUSED", value: ({ counters }) => counters.refused, align: "right", spare: 2 },
          { title: "HELD", value: ({ counters }) => counters.held, align: "right", spare: 3 },
          { title: "ROWS", value: ({ counters }) => counters.rows, align: "right", spare: 5 },
        ],
        context.output,
        "There are no such sessions.",
      ),
    );
    if (result.cursor !== null) context.output.note(`There are more: --cursor ${result.cursor}`);
    return undefined;
  },
});

function queryOf({ live, ended, principal, resource, limit, cursor }: Options) {
  if (live && ended) throw new CliError("usage", "--live and --ended: only one of them");
  return {
    limit: parseCount(limit, "--limit", { min: 1, max: 500 }),
    ...(live ? { state: "live" as const } : ended ? { state: "ended" as const } : {}),
    ...(principal === undefined ? {} : { principal }),
    ...(resource === undefined ? {} : { resource }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
