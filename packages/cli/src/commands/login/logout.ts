import { answer, openApi } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { type Profile, ProfileStore } from "../../config/profiles.ts";
import { refreshProfile } from "../../config/refresh-profile.ts";
import type { CommandContext } from "../../context.ts";
import { chosenProfileName } from "../../create-context.ts";
import { CliError } from "../../errors.ts";
import { forgetProfile } from "../../kubernetes/kept-secret.ts";

export const logout = defineCommand<[]>({
  summary: "Sign out: end the tokens and connection secrets of this sign-in, and forget the profile",
  examples: ["tw logout", "tw logout --as mia"],
  run: async (context) => {
    const name = await chosenProfileName(context);
    const store = new ProfileStore(context.env.configDir);
    const profile = name === undefined ? undefined : await store.read(name);
    if (name === undefined || profile === undefined) {
      throw new CliError("not_signed_in", name === undefined ? "you are not signed in" : `there is no profile ${name}`);
    }
    const revoked = await revoke(context, profile);
    // The file goes in any case: a token that cannot be revoked now must not stay on the disk either.
    await store.remove(name);
    await forgetProfile(context, name);
    if (!revoked) context.output.note("The server could not be told; the sign-in ends by itself when it expires.");
    context.output.result({ profile: name, revoked }, () => [`Signed out: ${name} on ${profile.server}.`]);
    return undefined;
  },
});

async function revoke({ env, now }: CommandContext, profile: Profile): Promise<boolean> {
  try {
    // An access token that has just ended would leave the sign-in as it is.
    const current = await refreshProfile(new ProfileStore(env.configDir), profile, now);
    await answer(openApi(current).POST("/v1/logout"));
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // It is no valid token any more: what was wanted.
    return error.exit === "not_signed_in";
  }
}
