import { join } from "node:path";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { readPrivateFile, writePrivateFile } from "../../config/private-file.ts";
import { parseDuration } from "../../input/duration.ts";
import { HOST_KEY_ALIAS, openSsh, quoted, type SshAccess } from "../../ssh/open-ssh.ts";

interface Options {
  readonly ttl: string;
  readonly write?: boolean;
}

export const sshConfig = defineCommand<[], Options>({
  summary: "Entries for ssh_config, so that ssh, scp, sftp, rsync, git and ansible reach RESOURCE.tw by themselves",
  configure: (command) =>
    command
      .option("--write", "write them to a file of ours and include that in ~/.ssh/config")
      .option("--ttl <duration>", "how long a new key is good for", "12h"),
  examples: ["tw ssh-config --write       then: ssh web-1.tw", "tw ssh-config >> ~/.ssh/config"],
  notes: "Run it again for new hosts or a new key. Without --write it only prints them.",
  run: async (context, options) => {
    const api = await context.api();
    const access = await openSsh(context, parseDuration(options.ttl, "--ttl"));
    const { resources } = await answer(api.GET("/v1/resources"));
    const hosts = resources
      .filter(({ protocol, level }) => protocol === "ssh" && level !== null)
      .map(({ name }) => name)
      .sort();
    const text = configText(access, hosts);
    const { name } = await context.profile();
    const file = join(context.env.configDir, "ssh", name, "config");
    if (!options.write) {
      context.output.result({ hosts, expiresAt: access.expiresAt, config: text }, () => text.trimEnd().split("\n"));
      return undefined;
    }
    await writePrivateFile(file, text);
    const included = await include(join(context.env.home, ".ssh", "config"), file);
    context.output.result({ hosts, expiresAt: access.expiresAt, file, included }, () => [
      `Written: ${file}${included ? ", included in ~/.ssh/config" : ""}.`,
      hosts.length === 0 ? "There is no SSH host that you may reach." : `Now: ssh ${hosts[0]}.tw`,
    ]);
    return undefined;
  },
});

/** ssh_config(5). The user name says which host is meant; the key says who you are. */
export function configText(access: SshAccess, hosts: readonly string[]): string {
  const each = hosts.map((name) => `Host ${name}.tw\n  User ${name}\n`);
  const common = [
    "Host *.tw",
    `  HostName ${access.host}`,
    `  Port ${access.port}`,
    `  IdentityFile ${quoted(access.identityFile)}`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile ${quoted(access.knownHostsFile)}`,
    `  HostKeyAlias ${HOST_KEY_ALIAS}`,
    "  StrictHostKeyChecking yes",
  ];
  return `# Written by tw ssh-config; the key is good until ${access.expiresAt}\n${each.join("")}${common.join("\n")}\n`;
}

/** An Include counts for all hosts only before the first Host line. False: it is there already. */
async function include(config: string, file: string): Promise<boolean> {
  const line = `Include ${quoted(file)}`;
  const text = (await readPrivateFile(config)) ?? "";
  if (text.split(/\r?\n/).some((each) => each.trim() === line)) return false;
  await writePrivateFile(config, `${line}\n${text === "" ? "" : `\n${text}`}`);
  return true;
}
