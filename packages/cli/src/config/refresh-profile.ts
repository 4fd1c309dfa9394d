import { answer, openApi } from "../api/client.ts";
import { CliError } from "../errors.ts";
import type { Profile, ProfileStore } from "./profiles.ts";

/** A token that ends within this time is replaced before it is used. */
const EARLY_MS = 60_000;

/**
 * The profile with an access token that holds. A refresh token counts once, so only one run of the CLI uses it, and the
 * next one is on the disk before anything else happens. @throws CliError `not_signed_in`, `unreachable`
 */
export async function refreshProfile(store: ProfileStore, profile: Profile, now: () => number): Promise<Profile> {
  if (holds(profile, now())) return profile;
  return store.replace(profile.name, async (current) => {
    // Another run may have been faster.
    if (current === undefined || holds(current, now())) return current ?? profile;
    const { refreshToken, server, serverCa } = current;
    if (refreshToken === undefined) throw expired(current);
    const api = openApi({ server, ...(serverCa === undefined ? {} : { serverCa }) });
    try {
      const granted = await answer(api.POST("/v1/login/refresh", { body: { refreshToken } }));
      return { ...current, ...tokensOf(granted) };
    } catch (error) {
      if (error instanceof CliError && error.exit === "not_signed_in") throw expired(current, error.why);
      throw error;
    }
  });
}

function holds({ expiresAt }: Profile, now: number): boolean {
  return Date.parse(expiresAt) - now > EARLY_MS;
}

type Tokens = Required<Pick<Profile, "accessToken" | "expiresAt" | "refreshToken" | "signInExpiresAt">>;

/** What of a sign-in is kept. */
export function tokensOf({ accessToken, expiresAt, refreshToken, signInExpiresAt }: Tokens): Tokens {
  return { accessToken, expiresAt, refreshToken, signInExpiresAt };
}

function expired({ name, server }: Profile, why?: string): CliError {
  return new CliError("not_signed_in", "you are not signed in any more", {
    why: why ?? `profile ${name} on ${server}; saved connections work as long as their own secrets`,
    next: `tw login --as ${name}`,
  });
}
