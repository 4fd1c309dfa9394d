import type { Command } from "commander";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseLevel } from "../../input/access-level.ts";
import { parseDuration } from "../../input/duration.ts";
import { noteWaiting } from "../../output/note-waiting.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly name: string;
  readonly ttl: string;
  readonly permission: readonly string[];
  readonly resource: readonly string[];
  readonly level?: string;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

/** What limits a key, or a delegation. */
function addScopeOptions(command: Command): Command {
  return command
    .option("--permission <permission>", "only this API permission; may be repeated", collect, [])
    .option("--resource <name>", "only this resource; may be repeated", collect, [])
    .option("--level <level>", "no more than read, write or admin");
}

export const add = defineCommand<[principal: string], Options>({
  summary: "Make an API key for a service or an AI agent; it is shown once",
  configure: (command) =>
    addScopeOptions(
      command
        .argument("<principal>", "the service or AI agent")
        .requiredOption("--name <name>", "what it is for, such as deploy")
        .requiredOption("--ttl <duration>", "how long it is good, such as 30d"),
    ),
  examples: [
    "tw api-keys add ci --name deploy --ttl 30d",
    "tw api-keys add ci --name reports --ttl 90d --resource prod-db --level read --permission self.write",
  ],
  notes:
    "Only the key goes to stdout. Whoever has it can do what the principal may, within the limits given here.\n" +
    "Use it as: TIDEWAITER_SERVER=URL TIDEWAITER_API_KEY_FILE=FILE tw ...",
  run: async (context, options, principal) => {
    const { name, permission, resource, level } = options;
    const scope = {
      // the server knows the permissions there are, and says so
      ...(permission.length === 0 ? {} : { permissions: [...permission] as never[] }),
      ...(resource.length === 0 ? {} : { resources: [...resource] }),
      ...(level === undefined ? {} : { level: parseLevel(level) }),
    };
    const body = { principal, name, ttlSeconds: parseDuration(options.ttl, "--ttl"), ...scope };
    const made = await answer((await context.api()).POST("/v1/api-keys", { body }));
    context.output.result(made, () => [made.key]);
    noteWaiting(context, made.waitsFor);
    context.output.note(
      `API key ${made.id} of ${made.principal}, until ${utc(made.expiresAt)}. It is not shown again.`,
    );
    return undefined;
  },
});
