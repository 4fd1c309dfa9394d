import { answer, openApi } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { type Profile, ProfileStore } from "../../config/profiles.ts";
import { parseServerUrl } from "../../config/server-url.ts";
import type { CommandContext } from "../../context.ts";
import { chosenProfileName, createContext } from "../../create-context.ts";
import { CliError } from "../../errors.ts";
import { readInputFile } from "../../input/input-file.ts";
import { readSecret } from "../../input/secret.ts";
import { relative, utc } from "../../output/times.ts";
import { refreshConnections, refreshedLines } from "../../postgres/refresh-connections.ts";
import { type FederatedOptions, signInFederated } from "./federated.ts";

interface Options extends FederatedOptions {
  readonly federated?: boolean;
  readonly server?: string;
  readonly as?: string;
  readonly caFile?: string;
  readonly keepCurrent?: boolean;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly refresh: boolean;
}

export const login = defineCommand<[], Options>({
  summary: "Sign in with name and password; keeps a short-lived access token",
  configure: (command) =>
    command
      .option("--server <url>", "the control plane; default: where you signed in before, or TIDEWAITER_SERVER")
      .option("--as <name>", "who signs in; also names the profile, so that several people can be signed in")
      .option("--ca-file <file>", "PEM of a certificate authority to trust for this server")
      .option("--keep-current", "do not make this the current profile")
      .option("--no-refresh", "leave saved connections as they are (see: tw connect --help)")
      .option("--password-stdin", "read the password from stdin")
      .option("--password-file <file>", "read the password from a file")
      .option("--federated", "a workload signs in with a token of its own platform")
      .option("--token-file <file>", "with --federated: that token; default: TIDEWAITER_WORKLOAD_TOKEN")
      .option("--federation <name>", "with --federated: this one, where several fit"),
  examples: [
    "tw login --server https://gw.example",
    "tw login --as mia                           a second profile; then: tw reviews approve --as mia",
    "tw login --as ana --password-stdin < secret",
    "tw login --server https://gw.example --federated --token-file token     a CI job, a pod",
  ],
  notes: "The password is asked for without echo, or read from stdin, a file, or TIDEWAITER_PASSWORD.",
  run: async (context, options) => {
    const known = await knownProfile(context, options);
    const server = await serverOf(context, options, known);
    if (options.federated) {
      await signInFederated(context, options, { server, serverCa: await readCa(context, options, { server, known }) });
      return undefined;
    }
    const name = options.as ?? known?.principal ?? (await askName(context));
    const question = { variable: "TIDEWAITER_PASSWORD", question: `password of ${name}` };
    const password = await readSecret(context, options, question);
    const serverCa = await readCa(context, options, { server, known });
    const trust = serverCa === undefined ? {} : { serverCa };
    const api = openApi({ server, ...trust });
    const granted = await answer(api.POST("/v1/login", { body: { name, password } })).catch((error: unknown) => {
      throw signInError(error);
    });
    const { accessToken, expiresAt, principal, roles } = granted;
    const profileName = context.profileName ?? options.as ?? known?.name ?? principal.name;
    const profile: Profile = { name: profileName, server, principal: principal.name, accessToken, expiresAt, ...trust };
    await new ProfileStore(context.env.configDir).save(profile, { switch: options.keepCurrent !== true });
    const refreshed = options.refresh ? await refreshConnections(createContext({ ...context, profileName })) : [];
    context.output.result({ profile: profileName, server, principal, roles, expiresAt, refreshed }, () => [
      `Signed in to ${server} as ${principal.name} until ${utc(expiresAt)} (${relative(expiresAt, context.now())}).`,
      ...refreshedLines(refreshed),
    ]);
    return undefined;
  },
});

/** The profile that is signed in again, if any. */
async function knownProfile(context: CommandContext, options: Options): Promise<Profile | undefined> {
  const name = options.as ?? (await chosenProfileName(context));
  return name === undefined ? undefined : await new ProfileStore(context.env.configDir).read(name);
}

/** Where this profile signed in before, else where the current one did. */
async function serverOf({ env }: CommandContext, options: Options, known: Profile | undefined): Promise<string> {
  const named = options.server ?? (env.variables.TIDEWAITER_SERVER || undefined) ?? known?.server;
  const text = named ?? (await new ProfileStore(env.configDir).current())?.server;
  if (text !== undefined) return parseServerUrl(text);
  throw new CliError("usage", "which server?", { next: "tw login --server https://gw.example" });
}

async function askName({ terminal }: CommandContext): Promise<string> {
  if (!terminal.interactive) {
    throw new CliError("usage", "who signs in?", { next: "tw login --as NAME --password-stdin" });
  }
  const name = (await terminal.ask("name: ")).trim();
  if (name === "") throw new CliError("usage", "the name is empty");
  return name;
}

interface Place {
  readonly server: string;
  readonly known: Profile | undefined;
}

/** What is trusted for a server goes with its profiles; never to another server. */
async function readCa(context: CommandContext, options: Options, { server, known }: Place) {
  if (options.caFile === undefined) {
    const before = known ?? (await new ProfileStore(context.env.configDir).current());
    return before?.server === server ? before.serverCa : undefined;
  }
  const pem = await readInputFile(context, options.caFile);
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new CliError("usage", `--ca-file ${options.caFile} holds no certificate in PEM`);
  }
  return pem;
}

function signInError(error: unknown): unknown {
  if (!(error instanceof CliError) || error.exit !== "not_signed_in") return error;
  const why = error.why === undefined ? {} : { why: error.why };
  return new CliError("not_signed_in", "signing in did not work", {
    ...why,
    next: "Check the name and try again: tw login --as NAME",
    cause: error,
  });
}
