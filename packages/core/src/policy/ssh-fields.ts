import { SSH_CHANNELS, type SshOperation } from "../operation.ts";
import { type EnvironmentField, toInt } from "./environment-field.ts";

function sshField(type: string, description: string, read: (operation: SshOperation) => unknown): EnvironmentField {
  return { type, description, read: ({ operation }) => (operation?.type === "ssh" ? read(operation) : undefined) };
}

export const SSH_FIELDS: Readonly<Record<string, EnvironmentField>> = {
  channel: sshField("string", SSH_CHANNELS.join(", "), (o) => o.channel),
  command: sshField("string", "the command line, or the typed line; empty when there is none", (o) => o.command),
  programs: sshField(
    "list<string>",
    "programs that the line starts, without folder; unknown when it cannot be read",
    (o) => o.programs,
  ),
  direction: sshField("string", "upload or download; empty otherwise", (o) => o.transfer?.direction ?? ""),
  path: sshField("string", "file that is transferred; empty otherwise", (o) => o.transfer?.path ?? ""),
  bytes: sshField("int", "its size; unknown when it is not known beforehand, 0 without a transfer", (o) =>
    o.transfer === undefined ? 0n : o.transfer.bytes === undefined ? undefined : toInt(o.transfer.bytes),
  ),
  host: sshField("string", "host or socket of a forward; empty otherwise", (o) => o.forward?.host ?? ""),
  port: sshField("int", "port of a forward; 0 otherwise", (o) => toInt(o.forward?.port ?? 0)),
  user: sshField("string", "login at the target; unknown in a test that names none", (o) => o.user),
};
