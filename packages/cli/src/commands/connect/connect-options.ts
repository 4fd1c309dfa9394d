import type { Command } from "commander";

/** What every way to connect takes. */
export function addConnectOptions(command: Command): Command {
  return addSecretOptions(command.argument("<resource>", "RESOURCE or RESOURCE/DATABASE"));
}

/** Without the resource. */
export function addSecretOptions(command: Command): Command {
  return command
    .option("--level <level>", "read, write or admin; default: the lowest that you have")
    .option("--for <ai-agent>", "as an AI agent that acts for you")
    .option("--ttl <duration>", "how long the secret opens new connections; default: as the resource says, else 8h")
    .option("--uses <count>", "for so many connections only");
}
