import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { parseDuration } from "../../input/duration.ts";
import { table } from "../../output/table.ts";
import { duration, renderRequest } from "./render-request.ts";

interface Options {
  readonly level: string;
  readonly for?: string;
  readonly reason?: string;
  readonly rule?: string;
}

export const request = defineCommand<[resource: string | undefined], Options>({
  summary: "Ask for access to a resource for some time, or see what you may ask for",
  configure: (command) =>
    command
      .argument("[resource]", "its name; without one: what you may ask for")
      .option("--level <level>", "read | write | admin", "read")
      .option("--for <duration>", "how long, counted from the approval: 30m, 2h")
      .option("--reason <text>", "why; reviewers read it and it is recorded")
      .option("--rule <name>", "of several access rules that fit, this one"),
  examples: [
    "tw request",
    'tw request prod-db --level write --for 2h --reason "ticket 812, refund audit"',
    "tw requests return 7Q2F     give it back early",
  ],
  run: async (context, options, resource) => {
    if (resource === undefined) return await showOptions(context);
    const { for: time, reason } = options;
    if (time === undefined || reason === undefined) {
      throw new CliError("usage", "a request needs --for and --reason", {
        next: `tw request ${resource} --for 2h --reason "..."`,
      });
    }
    const rule = options.rule === undefined ? {} : { rule: options.rule };
    const wanted = { resource, level: parseLevel(options.level), durationSeconds: parseDuration(time, "--for") };
    const made = await answer(
      (await context.api()).POST("/v1/access-requests", { body: { ...wanted, reason, ...rule } }),
    );
    context.output.result(made, () => renderRequest(made, context.output.paint, context.now()));
    return undefined;
  },
});

async function showOptions(context: CommandContext): Promise<undefined> {
  const result = await answer((await context.api()).GET("/v1/access-requests/options"));
  context.output.result(result, () =>
    table(
      result.options,
      [
        { title: "RESOURCE", value: ({ resource }) => resource },
        { title: "UP TO", value: ({ level }) => level },
        { title: "AT MOST", value: ({ maxSeconds }) => duration(maxSeconds) },
        { title: "WHO DECIDES", value: (one) => (one.autoApprove ? "nobody: at once" : one.reviewers.join(" ")) },
        { title: "RULE", value: ({ rule }) => rule },
      ],
      context.output,
      "There is nothing that you may ask for.",
    ),
  );
  return undefined;
}
