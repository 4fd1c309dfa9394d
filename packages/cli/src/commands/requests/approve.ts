import { answer } from "../../api/client.ts";
import { withStepUp } from "../../api/with-step-up.ts";
import { defineCommand } from "../../command.ts";
import { renderRequest } from "./render-request.ts";

interface Options {
  readonly comment: string;
}

export const approve = defineCommand<[id: string], Options>({
  summary: "Approve an access request; with enough approvals the access begins",
  configure: (command) =>
    command
      .argument("<id>", "short id, such as 7Q2F")
      .option("--comment <text>", "told to who asked, and recorded", ""),
  examples: ['tw requests approve 7Q2F --comment "ticket 812"'],
  notes: "Nobody decides what they asked for themselves, nor what a program of theirs asked for.",
  run: async (context, options, id) => {
    const call = { params: { path: { id } }, body: { comment: options.comment } };
    const api = await context.api();
    const result = await withStepUp(context, () => answer(api.POST("/v1/access-requests/{id}/approve", call)));
    context.output.result(result, () => renderRequest(result, context.output.paint, context.now()));
    return undefined;
  },
});
