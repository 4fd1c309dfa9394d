import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { renderRequest } from "./render-request.ts";

interface Options {
  readonly comment: string;
}

export const deny = defineCommand<[id: string], Options>({
  summary: "Deny an access request",
  configure: (command) =>
    command
      .argument("<id>", "short id, such as 7Q2F")
      .option("--comment <text>", "told to who asked, and recorded", ""),
  examples: ['tw requests deny 7Q2F --comment "ticket 812"'],
  notes: "Nobody decides what they asked for themselves, nor what a program of theirs asked for.",
  run: async (context, options, id) => {
    const call = { params: { path: { id } }, body: { comment: options.comment } };
    const result = await answer((await context.api()).POST("/v1/access-requests/{id}/deny", call));
    context.output.result(result, () => renderRequest(result, context.output.paint, context.now()));
    return undefined;
  },
});
