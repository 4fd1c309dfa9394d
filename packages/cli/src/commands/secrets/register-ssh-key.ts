import { resolve } from "node:path";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseDuration } from "../../input/duration.ts";
import { readInputFile } from "../../input/input-file.ts";
import { utc } from "../../output/times.ts";
import { signChallenge } from "../../ssh/sign-challenge.ts";

interface Options {
  readonly ttl: string;
  readonly resource?: string;
}

const MAX_KEY = 16_384;

export const registerSshKey = defineCommand<[file: string], Options>({
  summary: "Let the holder of a public key log in to SSH resources as you, until it ends or is revoked",
  configure: (command) =>
    command
      .argument("<file>", "the public key: a file that ends in .pub, or - for stdin")
      .option("--ttl <duration>", "how long it is good, up to 90d", "30d")
      .option("--resource <name>", "for this resource only"),
  examples: ["tw secrets register-ssh-key ~/.ssh/id_ed25519.pub --ttl 7d", "then: ssh -p 6422 web-1@gateway.example"],
  notes:
    "The private half has to be here, beside the file or in the agent: it signs that it is yours.\n" +
    "For clients that cannot take certificates. `tw ssh` and `tw ssh-config` need none: they get certificates for hours.",
  run: async (context, options, file) => {
    const text = file === "-" ? await context.terminal.readStdin(MAX_KEY) : await readInputFile(context, file);
    const publicKey = text.trim();
    const api = await context.api();
    const { resource } = options;
    const ttlSeconds = parseDuration(options.ttl, "--ttl");
    const { challenge } = await answer(api.POST("/v1/connection-secrets/ssh-keys/challenge"));
    const from = file === "-" ? undefined : resolve(context.cwd, file);
    const signature = await signChallenge(challenge, { publicKey, file: from });
    const body = { publicKey, challenge, signature, ttlSeconds, ...(resource !== undefined && { resource }) };
    const made = await answer(api.POST("/v1/connection-secrets/ssh-keys", { body }));
    context.output.result(made, () => [
      `Registered: ${made.fingerprint} is ${made.principal} until ${utc(made.expiresAt)}. Revoke it: tw secrets revoke ${made.id}`,
    ]);
    return undefined;
  },
});
