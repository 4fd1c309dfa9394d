import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseDuration } from "../../input/duration.ts";
import { renderRequest } from "./render-request.ts";

interface Options {
  readonly for: string;
  readonly reason: string;
}

export const extend = defineCommand<[id: string], Options>({
  summary: "Ask for more time on access that you have: a new request, and a new decision",
  configure: (command) =>
    command
      .argument("<id>", "short id, such as 7Q2F")
      .requiredOption("--for <duration>", "how long, counted from the approval: 30m, 2h")
      .requiredOption("--reason <text>", "why; reviewers read it and it is recorded"),
  examples: ['tw requests extend 7Q2F --for 1h --reason "the migration still runs"'],
  notes: "Live sessions go on: the grant that is there is prolonged.",
  run: async (context, options, id) => {
    const body = { durationSeconds: parseDuration(options.for, "--for"), reason: options.reason };
    const call = { params: { path: { id } }, body };
    const result = await answer((await context.api()).POST("/v1/access-requests/{id}/extend", call));
    context.output.result(result, () => renderRequest(result, context.output.paint, context.now()));
    return undefined;
  },
});
