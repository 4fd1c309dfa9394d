import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { readSecret, type SecretOptions } from "../../input/secret.ts";

interface Options extends SecretOptions {
  readonly kind: string;
  readonly role: readonly string[];
  readonly onBehalfOf?: string;
  /** False by `--no-password`. */
  readonly password: boolean;
}

const KINDS = { user: "user", service: "service", ai_agent: "ai_agent", "ai-agent": "ai_agent" } as const;
const collect = (value: string, before: readonly string[]) => [...before, value];

export const add = defineCommand<[name: string], Options>({
  summary: "Add a user, a service or an AI agent",
  configure: (command) =>
    command
      .argument("<name>", "1-63 characters of a-z 0-9 . _ -")
      .option("--kind <kind>", "user | service | ai-agent", "user")
      .option("--role <role>", "a role (tw roles list); may be repeated (default: user)", collect, [])
      .option("--on-behalf-of <user>", "whom an AI agent acts for")
      .option("--password-stdin", "read the password from stdin")
      .option("--password-file <file>", "read the password from a file")
      .option("--no-password", "without one: it cannot sign in yet"),
  examples: [
    "tw principals add ana                                          asks for a password, twice",
    "tw principals add mia --role reviewer --password-file mia.txt",
    "tw principals add ci --kind service                            then: tw api-keys add ci --name deploy --ttl 30d",
    "tw principals add coder --kind ai-agent                       for whoever runs: tw exec --as-agent coder -- ...",
    "tw principals add ana-helper --kind ai-agent --on-behalf-of ana    for ana alone",
  ],
  notes:
    "A password may also stand in the variable TIDEWAITER_NEW_PASSWORD. Services and AI agents have\n" +
    "none: they come with API keys, delegations, or the token of their platform (packages/docs/machines.md).",
  run: async (context, options, name) => {
    const kind = kindOf(options.kind);
    const secret = kind === "user" ? await passwordOf(context, options, name) : {};
    const owner = options.onBehalfOf === undefined ? {} : { onBehalfOf: options.onBehalfOf };
    const roles = options.role.length === 0 ? {} : { roles: [...options.role] };
    const body = { name, kind, ...roles, ...owner, ...secret };
    const principal = await answer((await context.api()).POST("/v1/principals", { body }));
    context.output.result(principal, () => [`Added ${principal.name} (${principal.kind}).`]);
    return undefined;
  },
});

async function passwordOf(context: CommandContext, options: Options, name: string) {
  if (!options.password) return {};
  const from = { variable: "TIDEWAITER_NEW_PASSWORD", question: `new password of ${name}`, twice: true };
  return { password: await readSecret(context, options, from) };
}

function kindOf(text: string) {
  if (Object.hasOwn(KINDS, text)) return KINDS[text as keyof typeof KINDS];
  throw new CliError("usage", `--kind ${text}: not one of user, service, ai-agent`);
}
