import { defineCommand } from "../../command.ts";
import { childVariables } from "../../environment.ts";
import { CliError } from "../../errors.ts";
import { parseDuration } from "../../input/duration.ts";
import { runChild } from "../../process/run-child.ts";
import { openSsh, sshOptions } from "../../ssh/open-ssh.ts";
import { MISSING_SSH } from "./ssh.ts";

interface Options {
  readonly ttl?: string;
  readonly recursive?: boolean;
  readonly preserve?: boolean;
}

export const scp = defineCommand<[paths: readonly string[]], Options>({
  summary: "Copy files to and from hosts behind the gateway with this machine's scp",
  configure: (command) =>
    command
      .argument("<path...>", "the last one is where to: PATH or RESOURCE:PATH")
      .option("-r, --recursive", "folders with all that is in them")
      .option("-p, --preserve", "keep times and modes")
      .option("--ttl <duration>", "how long a new certificate is good for; default: as the resource has it"),
  examples: ["tw scp report.csv web-1:/srv/", "tw scp -r web-1:/var/log/app ."],
  notes: "Exit code: scp's own.",
  run: async (context, options, paths) => {
    if (paths.length < 2) throw new CliError("usage", "from where to where?", { next: "tw scp FILE web-1:/srv/" });
    const ttl = options.ttl === undefined ? undefined : parseDuration(options.ttl, "--ttl");
    const resources = [...new Set(paths.flatMap((path) => resourceOf(path) ?? []))];
    const access = await openSsh(context, resources, ttl);
    const flags = [...(options.recursive ? ["-r"] : []), ...(options.preserve ? ["-p"] : [])];
    const words = paths.map((path) => remotePath(path, access.host));
    const args = [...sshOptions(access, resources), "-P", String(access.port), ...flags, "--", ...words];
    return runChild("scp", args, { variables: childVariables(context.env.variables, {}), missing: MISSING_SSH });
  },
});

const REMOTE = /^([A-Za-z0-9._@-]+):(.*)$/s;

function resourceOf(path: string): string | undefined {
  return REMOTE.exec(path)?.[1]?.replace(/^.*@/, "");
}

/** As scp reads it: what has a colon before any slash is on a host. */
export function remotePath(path: string, host: string): string {
  const [, name, rest] = REMOTE.exec(path) ?? [];
  if (name === undefined) return path;
  return `${name}@${host.includes(":") ? `[${host}]` : host}:${rest ?? ""}`;
}
