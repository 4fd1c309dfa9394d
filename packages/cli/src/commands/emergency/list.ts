import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative, utc } from "../../output/times.ts";

interface Options {
  readonly all?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List emergency identities, and the uses that nobody has reviewed yet",
  configure: (command) => command.option("--all", "also uses that were reviewed"),
  examples: ["tw emergency list", "tw emergency list --all --json"],
  run: async (context, options) => {
    const api = await context.api();
    const { identities } = await answer(api.GET("/v1/emergency/identities"));
    const query = options.all ? {} : { open: "true" as const };
    const { uses } = await answer(api.GET("/v1/emergency/uses", { params: { query } }));
    context.output.result({ identities, uses }, () => [
      ...table(
        identities,
        [
          { title: "IDENTITY", value: ({ name }) => name },
          { title: "OPENS", value: ({ resource }) => resource },
          { title: "LEVEL", value: ({ level }) => level },
          { title: "CODES LEFT", value: ({ codesLeft }) => codesLeft, align: "right" },
          { title: "MADE", value: ({ createdBy, createdAt }) => `${utc(createdAt)} by ${createdBy}` },
        ],
        context.output,
        "There are no emergency identities: tw emergency create NAME --resource RESOURCE",
      ),
      "",
      ...table(
        uses,
        [
          { title: "EMERGENCY", value: ({ shortId }) => shortId },
          { title: "WHO (AS THEY SAY)", value: ({ claimedName, name }) => `${claimedName} with ${name}` },
          { title: "RESOURCE", value: ({ resourceName }) => resourceName },
          { title: "WHEN", value: ({ usedAt }) => utc(usedAt) },
          { title: "WHY", value: ({ reason }) => reason },
          { title: "REVIEW", value: (use) => reviewText(use, context.now()) },
        ],
        context.output,
        options.all ? "None was ever used." : "No use waits for a review.",
      ),
    ]);
    return undefined;
  },
});

function reviewText(
  use: { readonly reviewedBy: string | null; readonly overdue: boolean; readonly reviewDueAt: string },
  now: number,
): string {
  if (use.reviewedBy !== null) return `by ${use.reviewedBy}`;
  return use.overdue ? `OVERDUE since ${utc(use.reviewDueAt)}` : `due ${relative(use.reviewDueAt, now)}`;
}
