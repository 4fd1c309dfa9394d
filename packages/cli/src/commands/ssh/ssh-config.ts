import { join } from "node:path";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { readPrivateFile, writePrivateFile } from "../../config/private-file.ts";
import { parseDuration } from "../../input/duration.ts";
import { configText } from "../../ssh/config-text.ts";
import { openSsh, quoted } from "../../ssh/open-ssh.ts";

interface Options {
  readonly ttl?: string;
  readonly write?: boolean;
}

export const sshConfig = defineCommand<[], Options>({
  summary: "Entries for ssh_config, so that ssh, scp, sftp, rsync, git and ansible reach RESOURCE.tw by themselves",
  configure: (command) =>
    command
      .option("--write", "write them to a file of ours and include that in ~/.ssh/config")
      .option("--ttl <duration>", "how long new certificates are good for; default: as the resource has it"),
  examples: ["tw ssh-config --write       then: ssh web-1.tw", "tw ssh-config >> ~/.ssh/config"],
  notes: "Run it again for new hosts, and each day for new certificates. Without --write it only prints them.",
  run: async (context, options) => {
    const api = await context.api();
    const ttl = options.ttl === undefined ? undefined : parseDuration(options.ttl, "--ttl");
    const { resources } = await answer(api.GET("/v1/resources"));
    const hosts = resources
      .filter(({ protocol, level }) => protocol === "ssh" && level !== null)
      .map(({ name }) => name)
      .sort();
    const access = await openSsh(context, hosts, ttl);
    const text = configText(access, hosts);
    const { name } = await context.profile();
    const file = join(context.env.configDir, "ssh", name, "config");
    if (!options.write) {
      context.output.result({ hosts, config: text }, () => text.trimEnd().split("\n"));
      return undefined;
    }
    await writePrivateFile(file, text);
    const included = await include(join(context.env.home, ".ssh", "config"), file);
    context.output.result({ hosts, file, included }, () => [
      `Written: ${file}${included ? ", included in ~/.ssh/config" : ""}.`,
      hosts.length === 0 ? "There is no SSH host that you may reach." : `Now: ssh ${hosts[0]}.tw`,
    ]);
    return undefined;
  },
});

/** An Include counts for all hosts only before the first Host line. False: it is there already. */
async function include(config: string, file: string): Promise<boolean> {
  const line = `Include ${quoted(file)}`;
  const text = (await readPrivateFile(config)) ?? "";
  if (text.split(/\r?\n/).some((each) => each.trim() === line)) return false;
  await writePrivateFile(config, `${line}\n${text === "" ? "" : `\n${text}`}`);
  return true;
}
