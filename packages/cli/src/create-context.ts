import { openApi } from "./api/client.ts";
import { apiKeyProfile } from "./config/api-key.ts";
import { type Profile, ProfileStore } from "./config/profiles.ts";
import { refreshProfile } from "./config/refresh-profile.ts";
import type { CommandContext } from "./context.ts";
import { CliError } from "./errors.ts";

type Parts = Omit<CommandContext, "profile" | "api">;

export function createContext(parts: Parts): CommandContext {
  const profile = () => signedIn(parts);
  return { ...parts, profile, api: async () => openApi(await profile()) };
}

/** By `--profile` or `--as`, else TIDEWAITER_PROFILE, else the one that signed in last. */
export async function chosenProfileName(parts: Parts): Promise<string | undefined> {
  const named = parts.profileName ?? (parts.env.variables.TIDEWAITER_PROFILE || undefined);
  return named ?? (await new ProfileStore(parts.env.configDir).currentName());
}

/** As it stands on the disk: its token may have ended. @throws CliError `not_signed_in` */
export async function storedProfile(parts: Parts): Promise<Profile> {
  const machine = await apiKeyProfile(parts);
  if (machine !== undefined) return machine;
  const name = await chosenProfileName(parts);
  if (name === undefined) {
    throw new CliError("not_signed_in", "you are not signed in", { next: "tw login --server URL" });
  }
  const store = new ProfileStore(parts.env.configDir);
  const profile = await store.read(name);
  if (profile === undefined) {
    const others = (await store.list()).map((known) => known.name).join(", ");
    throw new CliError("not_signed_in", `there is no profile ${name}`, {
      ...(others === "" ? {} : { why: `Signed in are: ${others}` }),
      next: `tw login --server URL --as ${name}`,
    });
  }
  return profile;
}

async function signedIn(parts: Parts): Promise<Profile> {
  return refreshProfile(new ProfileStore(parts.env.configDir), await storedProfile(parts), parts.now);
}
