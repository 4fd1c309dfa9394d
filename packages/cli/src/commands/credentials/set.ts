import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { readInputFile } from "../../input/input-file.ts";
import { readSecret, type SecretOptions } from "../../input/secret.ts";

interface Options extends SecretOptions {
  readonly username?: string;
  readonly reference?: string;
  readonly certificate?: boolean;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly sshKeyFile?: string;
  readonly sshKey?: boolean;
  readonly token?: boolean;
  readonly tokenFile?: string;
  readonly tokenStdin?: boolean;
  readonly sshCertificate?: boolean;
  readonly trust?: boolean;
}

export const set = defineCommand<[resource: string, level: string], Options>({
  summary: "Set the credential that the gateway uses at a target: sealed, or a reference to where it is kept",
  configure: (command) =>
    command
      .argument("<resource>", "the resource")
      .argument("<level>", "read, write or admin")
      .option("--username <name>", "the role at the target; may be left out where the secret names it")
      .option("--reference <reference>", "where the secret is kept, such as vault:secret/data/shop#password")
      .option("--certificate", "what is kept there is a client certificate with its key in PEM, not a password")
      .option("--password-stdin", "read the password from stdin")
      .option("--password-file <file>", "read the password from a file")
      .option("--certificate-file <file>", "client certificate in PEM, in place of a password")
      .option("--key-file <file>", "its private key in PEM")
      .option("--ssh-key-file <file>", "private key of an SSH login, without a passphrase, in place of a password")
      .option("--ssh-key", "what is kept at the reference is such a private key")
      .option(
        "--token-file <file>",
        "bearer token, such as that of a Kubernetes service account, in place of a password",
      )
      .option("--token-stdin", "read the bearer token from stdin")
      .option("--token", "what is kept at the reference is such a token")
      .option("--ssh-certificate", "no secret: each session gets a certificate, which the host takes by its authority")
      .option("--trust", "the target asks for no password"),
  examples: [
    "tw credentials set prod-db read --username shop_reader            asks without echo",
    "tw credentials set prod-db read --username shop_reader --password-stdin < secret",
    "tw credentials set prod-db write --username shop_writer --certificate-file c.pem --key-file k.pem",
    "tw credentials set web-1 write --username deploy --ssh-key-file id_ed25519",
    "tw credentials set prod-cluster write --username tidewaiter-agent --token-file token",
    "tw credentials set web-1 write --username deploy --ssh-certificate",
    "tw credentials set prod-db read --reference vault:database/creds/shop-reader",
    "tw credentials set prod-db read --username shop_reader --reference agent:file:/run/secrets/shop",
  ],
  notes:
    "A password may also stand in the variable TIDEWAITER_CREDENTIAL. Sessions that use the old one end.\n" +
    "A host trusts certificates by TrustedUserCAKeys: tw authorities list --use ssh-target --bundle",
  run: async (context, options, name, levelText) => {
    const level = parseLevel(levelText);
    const body = await credentialOf(context, options);
    const api = await context.api();
    const params = { path: { name, level } };
    await answer(api.PUT("/v1/resources/{name}/credentials/{level}", { params, body }));
    const { type, username } = body;
    const { reference } = options;
    context.output.result({ resource: name, level, type, username, reference }, () => [
      `Set: ${name} at level ${level} is reached as ${username ?? "the user that the secret names"} (${reference ?? type}).`,
    ]);
    return undefined;
  },
});

async function credentialOf(context: CommandContext, options: Options) {
  const { username, reference, certificateFile, keyFile, trust, sshCertificate } = options;
  if (reference !== undefined) {
    return { type: formOf(options), reference, ...(username !== undefined && { username }) };
  }
  if (username === undefined) throw new CliError("usage", "--username is missing");
  if (options.sshKeyFile !== undefined) {
    return { type: "ssh_key" as const, username, privateKeyPem: await readInputFile(context, options.sshKeyFile) };
  }
  if (options.tokenFile !== undefined || options.tokenStdin || options.token) {
    return { type: "token" as const, username, token: await readToken(context, options, username) };
  }
  if (sshCertificate) return { type: "ssh_certificate" as const, username };
  if (trust) return { type: "trust" as const, username };
  if (certificateFile !== undefined && keyFile !== undefined) {
    const certificatePem = await readInputFile(context, certificateFile);
    const privateKeyPem = await readInputFile(context, keyFile);
    return { type: "certificate" as const, username, certificatePem, privateKeyPem };
  }
  if (certificateFile !== undefined || keyFile !== undefined) {
    throw new CliError("usage", "--certificate-file and --key-file belong together");
  }
  const from = { variable: "TIDEWAITER_CREDENTIAL", question: `password of ${username}` };
  return { type: "password" as const, username, password: await readSecret(context, options, from) };
}

/** What is kept at a reference. */
function formOf(options: Options): "ssh_key" | "certificate" | "token" | "password" {
  if (options.sshKey) return "ssh_key";
  if (options.token) return "token";
  return options.certificate ? "certificate" : "password";
}

async function readToken(context: CommandContext, options: Options, username: string): Promise<string> {
  const { tokenFile, tokenStdin } = options;
  const given = {
    ...(tokenStdin !== undefined && { passwordStdin: tokenStdin }),
    ...(tokenFile !== undefined && { passwordFile: tokenFile }),
  };
  const from = { variable: "TIDEWAITER_CREDENTIAL", question: `token of ${username}`, option: "token" };
  return (await readSecret(context, given, from)).trim();
}
