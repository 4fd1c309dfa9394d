import { answer } from "../../api/client.ts";
import { withStepUp } from "../../api/with-step-up.ts";
import { defineCommand } from "../../command.ts";
import { renderChange } from "./render-change.ts";

interface Options {
  readonly comment: string;
}

export const approve = defineCommand<[id: string], Options>({
  summary: "Apply exactly this change",
  configure: (command) =>
    command.argument("<id>", "short id, such as 7Q2F").option("--comment <text>", "recorded with the decision", ""),
  examples: ['tw changes approve 7Q2F --comment "ticket 812"'],
  notes: "Nobody approves what they asked for, or gain by. It takes the permission that the change itself takes.",
  run: async (context, options, id) => {
    const call = { params: { path: { id } }, body: { comment: options.comment } };
    const api = await context.api();
    const result = await withStepUp(context, () => answer(api.POST("/v1/changes/{id}/approve", call)));
    context.output.result(result, () => renderChange(result, context.output.paint, context.now()));
    return undefined;
  },
});
