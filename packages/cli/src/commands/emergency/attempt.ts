import { userInfo } from "node:os";
import type { Command } from "commander";
import { type Api, openApi } from "../../api/client.ts";
import { type Profile, ProfileStore } from "../../config/profiles.ts";
import { parseServerUrl } from "../../config/server-url.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { readInputFile } from "../../input/input-file.ts";
import { readSecret } from "../../input/secret.ts";

export interface AttemptOptions {
  readonly reason: string;
  readonly by?: string;
  readonly server?: string;
  readonly caFile?: string;
  readonly codeStdin?: boolean;
  readonly codeFile?: string;
}

export function addAttemptOptions(command: Command): Command {
  return command
    .argument("<name>", "the identity that the code is of")
    .requiredOption("--reason <text>", "what happened, at least 10 characters; told to everybody and reviewed")
    .option("--by <name>", "who you are; default: your user name on this computer")
    .option("--server <url>", "the control plane; default: where you signed in before, or TIDEWAITER_SERVER")
    .option("--ca-file <file>", "PEM of a certificate authority to trust for this server")
    .option("--code-stdin", "read the code from stdin")
    .option("--code-file <file>", "read the code from a file");
}

/** What it takes to try: nobody needs to be signed in, nor able to. */
export async function prepareAttempt(context: CommandContext, name: string, options: AttemptOptions) {
  const given = {
    ...(options.codeStdin && { passwordStdin: true }),
    ...(options.codeFile !== undefined && { passwordFile: options.codeFile }),
  };
  const from = { variable: "TIDEWAITER_EMERGENCY_CODE", question: `a code of ${name}` };
  const code = (await readSecret(context, given, from)).trim();
  const body = { name, code, reason: options.reason, claimedName: options.by ?? userInfo().username };
  return { api: await openServer(context, options), body };
}

/** Where one signed in before; what is wrong with it must not be in the way now. */
async function knownProfile({ env, profileName }: CommandContext): Promise<Profile | undefined> {
  const store = new ProfileStore(env.configDir);
  return await (profileName === undefined ? store.current() : store.read(profileName)).catch(() => undefined);
}

async function openServer(context: CommandContext, options: AttemptOptions): Promise<Api> {
  const profile = await knownProfile(context);
  const server = options.server ?? context.env.variables.TIDEWAITER_SERVER ?? profile?.server;
  if (server === undefined) throw new CliError("usage", "which server?", { next: "Add --server https://gw.example" });
  const url = parseServerUrl(server);
  const same = profile?.server === url ? profile.serverCa : undefined;
  const serverCa = options.caFile === undefined ? same : await readInputFile(context, options.caFile);
  return openApi({ server: url, ...(serverCa !== undefined && { serverCa }) });
}
