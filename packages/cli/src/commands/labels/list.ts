import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { renderLabels } from "./render-labels.ts";

interface Options {
  readonly unclassified?: true;
}

export const list = defineCommand<[resource: string], Options>({
  summary: "List labelled columns of a resource, those that nobody has decided about, and how its schema changed",
  configure: (command) =>
    command
      .argument("<resource>", "the resource")
      .option("--unclassified", "only columns that nobody has decided about"),
  examples: ["tw labels list prod-db", "tw labels list prod-db --unclassified"],
  notes:
    "A column that appears in a table with labels, or in a new table beside one, is unclassified and masked. Label it in\n" +
    "the policy (labels), declare it harmless there (classified), or accept it: tw labels accept.",
  run: async (context, { unclassified }, name) => {
    const api = await context.api();
    const found = await answer(api.GET("/v1/resources/{name}/labels", { params: { path: { name } } }));
    const result =
      unclassified === true
        ? {
            ...found,
            places: found.places.map((place) => ({
              ...place,
              columns: place.columns.filter(({ state }) => state === "unclassified"),
            })),
          }
        : found;
    context.output.result(result, () => renderLabels(result, context.output));
    return undefined;
  },
});
