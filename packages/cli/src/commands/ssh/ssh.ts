import { defineCommand } from "../../command.ts";
import { childVariables } from "../../environment.ts";
import { parseDuration } from "../../input/duration.ts";
import { runChild } from "../../process/run-child.ts";
import { openSsh, sshOptions } from "../../ssh/open-ssh.ts";

interface Options {
  readonly ttl?: string;
}

export const MISSING_SSH = {
  why: "it is OpenSSH's own client that connects, and there is none in PATH",
  next: "Install it (Debian: apt-get install openssh-client).",
};

export const ssh = defineCommand<[target: string, args: readonly string[]], Options>({
  summary: "Run this machine's ssh to a host behind the gateway, with a certificate that is made for you",
  configure: (command) =>
    command
      .argument("<resource>", "RESOURCE or LOGIN@RESOURCE")
      .argument("[ssh-args...]", "after --, a command or options of ssh")
      .option("--ttl <duration>", "how long a new certificate is good for; default: as the resource has it"),
  examples: [
    "tw ssh web-1",
    "tw ssh web-1 -- uptime",
    "tw ssh deploy@web-1 -- -t htop",
    "ssh web-1.tw                                  after: tw ssh-config --write",
  ],
  notes: "Exit code: ssh's own, which is that of the command; 126 when a rule refused it.",
  run: async (context, options, target, args) => {
    const ttl = options.ttl === undefined ? undefined : parseDuration(options.ttl, "--ttl");
    const resource = target.slice(target.lastIndexOf("@") + 1);
    const access = await openSsh(context, [resource], ttl);
    const own = args.findIndex((arg) => !arg.startsWith("-"));
    const [flags, command] = own < 0 ? [args, []] : [args.slice(0, own), args.slice(own)];
    const words = [
      ...sshOptions(access, [resource]),
      "-p",
      String(access.port),
      "-l",
      target,
      ...flags,
      access.host,
      ...command,
    ];
    return runChild("ssh", words, { variables: childVariables(context.env.variables, {}), missing: MISSING_SSH });
  },
});
