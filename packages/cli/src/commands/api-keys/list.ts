import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

interface Options {
  readonly all?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List API keys with their limits and last use; never the keys themselves",
  configure: (command) => command.option("--all", "revoked and expired ones too"),
  examples: ["tw api-keys list", "tw api-keys list --all"],
  run: async (context, options) => {
    const query = options.all ? { all: "true" } : {};
    const result = await answer((await context.api()).GET("/v1/api-keys", { params: { query } }));
    const at = (instant: string | null) => (instant === null ? "never" : relative(instant, context.now()));
    context.output.result(result, () =>
      table(
        result.keys,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "NAME", value: ({ name }) => name },
          { title: "PRINCIPAL", value: ({ principal }) => principal },
          { title: "LIMITED TO", value: limits, spare: 1 },
          { title: "STATE", value: ({ state }) => state },
          { title: "ENDS", value: ({ expiresAt }) => at(expiresAt) },
          { title: "LAST USED", value: ({ lastUsedAt }) => at(lastUsedAt), spare: 2 },
          { title: "FROM", value: ({ lastUsedFrom }) => lastUsedFrom, spare: 3 },
        ],
        context.output,
        "There are no API keys.",
      ),
    );
    return undefined;
  },
});

interface Scope {
  readonly permissions: readonly string[] | null;
  readonly resources: readonly string[] | null;
  readonly level: string | null;
}

export function limits({ permissions, resources, level }: Scope): string {
  const parts = [resources?.join(","), level, permissions?.join(",")].filter((part) => part != null && part !== "");
  return parts.length === 0 ? "-" : parts.join(" ");
}
