import { answer, openApi } from "../../api/client.ts";
import { exchangeToken } from "../../api/exchange-token.ts";
import { type Profile, ProfileStore } from "../../config/profiles.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { readInputFile } from "../../input/input-file.ts";
import { relative, utc } from "../../output/times.ts";

export interface FederatedOptions {
  readonly as?: string;
  readonly keepCurrent?: boolean;
  readonly tokenFile?: string;
  readonly federation?: string;
}

interface Place {
  readonly server: string;
  readonly serverCa: string | undefined;
}

/** A workload signs in with a token of its own platform: no person, no password, nothing that lasts. */
export async function signInFederated(context: CommandContext, options: FederatedOptions, place: Place) {
  const { server, serverCa } = place;
  const token = await readToken(context, options);
  const exchanged = await exchangeToken({ server, serverCa, token, federation: options.federation });
  const { accessToken, expiresIn } = exchanged;
  const expiresAt = new Date(context.now() + expiresIn * 1000).toISOString();
  const trust = serverCa === undefined ? {} : { serverCa };
  const { principal, roles } = await answer(openApi({ server, accessToken, ...trust }).GET("/v1/me"));
  const name = context.profileName ?? options.as ?? principal.name;
  const profile: Profile = { name, server, principal: principal.name, accessToken, expiresAt, ...trust };
  await new ProfileStore(context.env.configDir).save(profile, { switch: options.keepCurrent !== true });
  context.output.result({ profile: name, server, principal, roles, expiresAt }, () => [
    `Signed in to ${server} as ${principal.name} until ${utc(expiresAt)} (${relative(expiresAt, context.now())}).`,
  ]);
}

async function readToken(context: CommandContext, { tokenFile }: FederatedOptions): Promise<string> {
  const variable = context.env.variables.TIDEWAITER_WORKLOAD_TOKEN;
  const text = tokenFile === undefined ? variable : await readInputFile(context, tokenFile);
  const token = text?.trim() ?? "";
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return token;
  throw new CliError("usage", "there is no workload token", {
    why: tokenFile === undefined ? "TIDEWAITER_WORKLOAD_TOKEN holds none" : `${tokenFile} holds no JWT`,
    next: "tw login --federated --token-file FILE",
  });
}
