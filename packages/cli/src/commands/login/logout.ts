import { answer, openApi } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { ProfileStore } from "../../config/profiles.ts";
import { chosenProfileName } from "../../create-context.ts";
import { CliError } from "../../errors.ts";

export const logout = defineCommand<[]>({
  summary: "End the access token and forget the profile; connection secrets live on until they expire",
  examples: ["tw logout", "tw logout --as mia", "tw secrets list                             what still works"],
  run: async (context) => {
    const name = await chosenProfileName(context);
    const store = new ProfileStore(context.env.configDir);
    const profile = name === undefined ? undefined : await store.read(name);
    if (name === undefined || profile === undefined) {
      throw new CliError("not_signed_in", name === undefined ? "you are not signed in" : `there is no profile ${name}`);
    }
    const revoked = await revoke(profile);
    // The file goes in any case: a token that cannot be revoked now must not stay on the disk either.
    await store.remove(name);
    if (!revoked) context.output.note("The server could not be told; the token ends by itself when it expires.");
    context.output.result({ profile: name, revoked }, () => [`Signed out: ${name} on ${profile.server}.`]);
    return undefined;
  },
});

async function revoke(profile: Parameters<typeof openApi>[0]): Promise<boolean> {
  try {
    await answer(openApi(profile).POST("/v1/logout"));
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // It is no valid token any more: what was wanted.
    return error.exit === "not_signed_in";
  }
}
