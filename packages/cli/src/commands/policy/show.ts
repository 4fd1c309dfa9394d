import { escapeLines } from "@tidewaiter/core/recording/escape-text";
import { type Api, answer, openApi } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { parseCount } from "../../input/duration.ts";
import { table } from "../../output/table.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly version?: string;
  readonly versions?: boolean;
  readonly schema?: boolean;
}

export const show = defineCommand<[], Options>({
  summary: "Show the policy in force, an older version, all versions, or the JSON Schema of a policy",
  configure: (command) =>
    command
      .option("--version <number>", "this version")
      .option("--versions", "who applied which version when")
      .option("--schema", "the JSON Schema of a policy document, for editors"),
  examples: ["tw policy show", "tw policy show --versions", "tw policy show --schema > policy.schema.json"],
  run: async (context, options) => {
    const api = options.schema ? openApi(await context.profile()) : await context.api();
    if (options.schema) await showSchema(context, api);
    else if (options.versions) await showVersions(context, api);
    else await showPolicy(context, api, options.version);
    return undefined;
  },
});

async function showSchema({ output }: CommandContext, api: Api): Promise<void> {
  const schema = await answer(api.GET("/v1/policies/schema"));
  output.result(schema, () => JSON.stringify(schema, null, 2).split("\n"));
}

async function showVersions({ output }: CommandContext, api: Api): Promise<void> {
  const result = await answer(api.GET("/v1/policies/versions"));
  output.result(result, () =>
    table(
      result.versions,
      [
        { title: "VERSION", value: ({ version }) => version, align: "right" },
        { title: "APPLIED", value: ({ appliedAt }) => utc(appliedAt) },
        { title: "BY", value: ({ appliedBy }) => appliedBy },
      ],
      output,
      "No policy was applied yet.",
    ),
  );
}

async function showPolicy({ output }: CommandContext, api: Api, wanted: string | undefined): Promise<void> {
  const query = wanted === undefined ? {} : { version: parseCount(wanted, "--version", { min: 0, max: 999_999_999 }) };
  const bundle = await answer(api.GET("/v1/policies", { params: { query } }));
  output.result(bundle, () => [
    output.paint("bold", `# policy version ${bundle.version}`),
    ...bundle.documents.flatMap(({ name, source }) => [
      output.paint("bold", `# ${escapeLines(name).join(" ")}`),
      ...escapeLines(source.trimEnd()),
      "",
    ]),
  ]);
}
