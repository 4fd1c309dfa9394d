import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { renderReview } from "./render-review.ts";

export const show = defineCommand<[id: string]>({
  summary: "Show a review: the exact statement, who asks, by which rule, until when",
  configure: (command) => command.argument("<id>", "short id, such as 7Q2H"),
  examples: ["tw reviews show 7Q2H", "tw reviews show 7Q2H --as mia"],
  run: async (context, _options, id) => {
    const api = await context.api();
    const review = await answer(api.GET("/v1/reviews/{id}", { params: { path: { id } } }));
    context.output.result(review, () => renderReview(review, context.output.paint, context.now()));
    return undefined;
  },
});
