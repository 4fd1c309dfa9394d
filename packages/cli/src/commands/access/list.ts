import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { table } from "../../output/table.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly at?: string;
  readonly resource?: string;
  readonly principal?: string;
}

export const list = defineCommand<[], Options>({
  summary: "List who could reach what, now or as it was at a date",
  configure: (command) =>
    command
      .option("--at <date>", "2026-03-01 (its first instant, UTC), or 2026-03-01T14:30:00Z; default: now")
      .option("--resource <name>", "only this resource")
      .option("--principal <name>", "only this principal"),
  examples: ["tw access list", "tw access list --at 2026-03-01 --resource prod-db"],
  notes:
    "It is read from the versions of principals, groups, roles, resources and grants that were in force then. Of an AI\n" +
    "agent that several people delegate to, what it has itself; each person's rights limit it further.",
  run: async (context, { at, resource, principal }) => {
    const query = { ...(at && { at: instantOf(at) }), ...(resource && { resource }), ...(principal && { principal }) };
    const result = await answer((await context.api()).GET("/v1/access", { params: { query } }));
    context.output.result(result, () => [
      ...table(
        result.access,
        [
          { title: "WHO", value: ({ principal: who, onBehalfOf }) => (onBehalfOf ? `${who} for ${onBehalfOf}` : who) },
          { title: "WHAT", value: (one) => one.resource },
          { title: "UP TO", value: ({ level }) => level },
          { title: "BY", value: ({ by }) => by.map(({ grant, to }) => `${grant} (${to})`).join(", ") },
          { title: "UNTIL", value: ({ by }) => lastsUntil(by.map(({ until }) => until)) },
        ],
        context.output,
        "Nobody could reach anything.",
      ),
      `As of ${utc(result.at)}.`,
    ]);
    return undefined;
  },
});

/** The grant that lasts longest tells. */
function lastsUntil(untils: readonly (string | null)[]): string {
  const last = untils.some((until) => until === null) ? undefined : [...untils].sort().at(-1);
  return last ? utc(last) : "open";
}

function instantOf(text: string): string {
  const full = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(full) && !Number.isNaN(Date.parse(full))) return full;
  throw new CliError("usage", `--at ${text}: not a date`, { next: "Write 2026-03-01 or 2026-03-01T14:30:00Z" });
}
