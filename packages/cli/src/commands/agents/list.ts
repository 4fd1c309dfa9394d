import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

export const list = defineCommand<[]>({
  summary: "List agents, their version and whether they are online",
  examples: ["tw agents list"],
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/agents"));
    context.output.result(result, () =>
      table(
        result.agents,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "STATE", value: ({ online }) => (online ? "online" : "offline") },
          { title: "LAST SEEN", value: ({ lastSeen }) => (lastSeen ? relative(lastSeen, context.now()) : "never") },
          { title: "VERSION", value: ({ version }) => version },
          { title: "GATEWAYS", value: ({ gateways }) => gateways.map(({ gatewayId }) => gatewayId).join(",") },
        ],
        context.output,
        "There are no agents. Add one: tw agent token NAME",
      ),
    );
    return undefined;
  },
});
