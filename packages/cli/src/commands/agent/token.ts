import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseDuration } from "../../input/duration.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly ttl: string;
}

export const token = defineCommand<[name: string], Options>({
  summary: "Make a join token: for one agent, used once, shown now and never again",
  configure: (command) =>
    command.argument("<name>", "name of the agent").option("--ttl <duration>", "how long it may be used", "1h"),
  examples: [
    "tw agent token eu-1 > join-token",
    "tw agent run --url wss://gw.example --state-dir /var/lib/tidewaiter-agent --token-file join-token --allow db:5432",
  ],
  run: async (context, options, name) => {
    const body = { name, expiresIn: parseDuration(options.ttl, "--ttl") };
    const made = await answer((await context.api()).POST("/v1/agents/tokens", { body }));
    // Only the token on stdout, so that it can go into a file or a variable.
    context.output.result({ name, ...made }, () => [made.token]);
    context.output.note(`Join token of agent ${name}, for one use until ${utc(made.expiresAt)}.`);
    return undefined;
  },
});
