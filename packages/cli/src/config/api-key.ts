import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { readInputFile } from "../input/input-file.ts";
import { type Profile, ProfileStore } from "./profiles.ts";
import { parseServerUrl } from "./server-url.ts";

type Parts = Omit<CommandContext, "profile" | "api">;

/**
 * Who comes with an API key: from `--api-key-file`, TIDEWAITER_API_KEY or TIDEWAITER_API_KEY_FILE, unless a profile is
 * asked for. Nothing of it is stored.
 */
export async function apiKeyProfile(parts: Parts): Promise<Profile | undefined> {
  const { variables, configDir } = parts.env;
  if (parts.apiKeyFile === undefined && parts.profileName !== undefined) return undefined;
  const accessToken = await readApiKey(parts);
  if (accessToken === undefined) return undefined;
  const current = await new ProfileStore(configDir).current();
  const named = variables.TIDEWAITER_SERVER || undefined;
  const server = named === undefined ? current?.server : parseServerUrl(named);
  if (server === undefined) {
    throw new CliError("usage", "which server is the API key for?", { next: "TIDEWAITER_SERVER=https://gw.example" });
  }
  const trust = current?.server === server && current.serverCa !== undefined ? { serverCa: current.serverCa } : {};
  // the server knows when it ends
  return { name: "api-key", server, principal: "", accessToken, expiresAt: "9999-12-31T00:00:00Z", ...trust };
}

async function readApiKey(parts: Parts): Promise<string | undefined> {
  const { variables } = parts.env;
  const direct = parts.apiKeyFile === undefined ? variables.TIDEWAITER_API_KEY : undefined;
  const path = parts.apiKeyFile ?? (variables.TIDEWAITER_API_KEY_FILE || undefined);
  const text = direct || (path === undefined ? undefined : (await readInputFile(parts, path)).trim());
  if (text === undefined) return undefined;
  if (/^tw[kd]_[A-Za-z0-9_-]{20,100}$/.test(text)) return text;
  throw new CliError("usage", "what was given as API key is none", { why: "an API key begins with twk_" });
}
