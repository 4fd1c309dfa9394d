import { hostname, userInfo } from "node:os";
import { type Api, openApi } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { type Profile, ProfileStore } from "../../config/profiles.ts";
import { tokensOf } from "../../config/refresh-profile.ts";
import { parseServerUrl } from "../../config/server-url.ts";
import type { CommandContext } from "../../context.ts";
import { chosenProfileName, createContext } from "../../create-context.ts";
import { CliError } from "../../errors.ts";
import { readInputFile } from "../../input/input-file.ts";
import { relative, utc } from "../../output/times.ts";
import { refreshConnections, refreshedLines } from "../../postgres/refresh-connections.ts";
import { type FederatedOptions, signInFederated } from "./federated.ts";
import { hasBrowser } from "./open-browser.ts";
import { signInByBrowser } from "./sign-in-by-browser.ts";
import { signInByDevice } from "./sign-in-by-device.ts";
import { signInByPassword } from "./sign-in-by-password.ts";

export interface LoginOptions extends FederatedOptions {
  readonly federated?: boolean;
  readonly server?: string;
  readonly as?: string;
  readonly caFile?: string;
  readonly keepCurrent?: boolean;
  readonly browser?: boolean;
  readonly device?: boolean;
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly refresh: boolean;
}

export const login = defineCommand<[], LoginOptions>({
  summary: "Sign in, by a browser or with a code; keeps short-lived tokens",
  configure: (command) =>
    command
      .option("--server <url>", "the control plane; default: where you signed in before, or TIDEWAITER_SERVER")
      .option("--as <name>", "name of the profile, so that several people can be signed in; with a password: who")
      .option("--ca-file <file>", "PEM of a certificate authority to trust for this server")
      .option("--keep-current", "do not make this the current profile")
      .option("--no-refresh", "leave saved connections as they are (see: tw connect --help)")
      .option("--browser", "by the browser of this computer; the default where there is a display")
      .option("--device", "print a code for a browser anywhere else; the default where there is none")
      .option("--password", "with the name and password of a user that is kept here")
      .option("--password-stdin", "the same, the password from stdin")
      .option("--password-file <file>", "the same, the password from a file")
      .option("--federated", "a workload signs in with a token of its own platform")
      .option("--token-file <file>", "with --federated: that token; default: TIDEWAITER_WORKLOAD_TOKEN")
      .option("--federation <name>", "with --federated: this one, where several fit"),
  examples: [
    "tw login --server https://gw.example",
    "tw login --device                           over ssh: a code and an address for your browser",
    "tw login --as mia                           a second profile; then: tw reviews approve --as mia",
    "tw login --as ana --password-stdin < secret",
    "tw login --server https://gw.example --federated --token-file token     a CI job, a pod",
  ],
  notes: [
    "The browser offers every identity provider that is configured. A password is asked for without echo, or read from",
    "stdin, a file, or TIDEWAITER_PASSWORD. Tokens are kept in a file of yours (0600); the refresh token in it counts once.",
  ].join("\n"),
  run: async (context, options) => {
    const known = await knownProfile(context, options);
    const server = await serverOf(context, options, known);
    const serverCa = await readCa(context, options, { server, known });
    if (options.federated) {
      await signInFederated(context, options, { server, serverCa });
      return undefined;
    }
    const trust = serverCa === undefined ? {} : { serverCa };
    const granted = await signIn(context, options, { server, api: openApi({ server, ...trust }), known });
    const { principal, roles, expiresAt, signInExpiresAt } = granted;
    const profileName = context.profileName ?? options.as ?? known?.name ?? principal.name;
    const profile: Profile = { name: profileName, server, principal: principal.name, ...tokensOf(granted), ...trust };
    await new ProfileStore(context.env.configDir).save(profile, { switch: options.keepCurrent !== true });
    const refreshed = options.refresh ? await refreshConnections(createContext({ ...context, profileName })) : [];
    const shown = { profile: profileName, server, principal, roles, expiresAt, signInExpiresAt, refreshed };
    const until = `${utc(signInExpiresAt)} (${relative(signInExpiresAt, context.now())})`;
    context.output.result(shown, () => [
      `Signed in to ${server} as ${principal.name} until ${until}.`,
      ...refreshedLines(refreshed),
    ]);
    return undefined;
  },
});

export interface SignInPlace {
  readonly server: string;
  readonly api: Api;
  readonly known: Profile | undefined;
}

function signIn(context: CommandContext, options: LoginOptions, place: SignInPlace) {
  const { variables } = context.env;
  const { browser, device, password, passwordStdin, passwordFile } = options;
  const byPassword = password === true || passwordStdin === true || passwordFile !== undefined;
  if (byPassword || (browser !== true && device !== true && variables.TIDEWAITER_PASSWORD)) {
    return signInByPassword(context, options, place);
  }
  const client = `tw on ${hostname()} (${userName()})`;
  const local = browser === true || (device !== true && hasBrowser(variables));
  return local ? signInByBrowser(context, place, client) : signInByDevice(context, place, client);
}

/** There may be no entry for the user id, as in a container. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

/** The profile that is signed in again, if any. */
async function knownProfile(context: CommandContext, options: LoginOptions): Promise<Profile | undefined> {
  const name = options.as ?? (await chosenProfileName(context));
  return name === undefined ? undefined : await new ProfileStore(context.env.configDir).read(name);
}

/** Where this profile signed in before, else where the current one did. */
async function serverOf({ env }: CommandContext, options: LoginOptions, known: Profile | undefined): Promise<string> {
  const named = options.server ?? (env.variables.TIDEWAITER_SERVER || undefined) ?? known?.server;
  const text = named ?? (await new ProfileStore(env.configDir).current())?.server;
  if (text !== undefined) return parseServerUrl(text);
  throw new CliError("usage", "which server?", { next: "tw login --server https://gw.example" });
}

/** What is trusted for a server goes with its profiles; never to another server. */
async function readCa(context: CommandContext, options: LoginOptions, { server, known }: Omit<SignInPlace, "api">) {
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
