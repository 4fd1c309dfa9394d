import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseDuration } from "../../input/duration.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly ttl: string;
  readonly overlap: string;
}

export const scimToken = defineCommand<[provider: string], Options>({
  summary: "Make a token by which an identity provider pushes people and groups (SCIM 2.0), shown now and never again",
  configure: (command) =>
    command
      .argument("<provider>", "name of the identity provider")
      .option("--ttl <duration>", "how long it works, at most 365d", "365d")
      .option("--overlap <duration>", "how long the tokens before it still work", "1d"),
  examples: [
    "tw identity scim-token okta > token         the address to give the provider is URL/scim/v2",
    "tw identity scim-token okta --overlap 2h    a new one; the provider has two hours to be given it",
  ],
  run: async (context, options, name) => {
    const body = {
      lifeSeconds: parseDuration(options.ttl, "--ttl"),
      overlapSeconds: parseDuration(options.overlap, "--overlap"),
    };
    const path = "/v1/identity-providers/{name}/scim-tokens";
    const made = await answer((await context.api()).POST(path, { params: { path: { name } }, body }));
    // Only the token on stdout, so that it can go into a file or a variable.
    context.output.result({ provider: name, ...made }, () => [made.token]);
    context.output.note(
      `SCIM token of ${name} until ${utc(made.expiresAt)}; those before it end ${utc(made.olderUntil)}.`,
    );
    return undefined;
  },
});
