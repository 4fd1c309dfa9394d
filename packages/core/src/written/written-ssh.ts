import type { SshChannel } from "../operation.ts";
import { didYouMean } from "../policy/suggest.ts";
import { lineOf, wordsOf } from "./words.ts";
import { quoted, refuse, type WrittenProblem, type WrittenResult } from "./written-result.ts";

/** What is asked of an SSH connection, as it was written; keys as rules name them. */
export interface SshInput {
  readonly channel: SshChannel;
  /** Command line, typed line, or name of a subsystem; of sftp a change, such as `rm /srv/x`; of an agent what it is asked. */
  readonly command?: string | undefined;
  readonly direction?: "upload" | "download" | undefined;
  readonly path?: string | undefined;
  readonly bytes?: number | undefined;
  /** Host of a forward, or path of its socket. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Login at the target. */
  readonly user?: string | undefined;
}

export type WrittenSsh = { readonly user?: string } & (
  | { readonly kind: "shell" | "x11" }
  | { readonly kind: "auth-agent"; readonly command: string }
  | { readonly kind: "exec" | "typed" | "subsystem" | "sftp"; readonly command: string }
  | {
      readonly kind: "file";
      readonly via: "sftp" | "scp" | "rsync" | "redirect";
      readonly direction: "upload" | "download";
      readonly path: string;
      readonly bytes?: number;
    }
  | { readonly kind: "forward"; readonly channel: SshChannel; readonly host: string; readonly port: number }
);

type Key = Exclude<keyof SshInput, "channel" | "user">;

const FILE = { needs: ["direction", "path"], takes: ["direction", "path", "bytes"] } as const;
const TCP = { needs: ["host", "port"], takes: ["host", "port"] } as const;
const SOCKET = { needs: ["host"], takes: ["host"] } as const;
const COMMAND = { needs: ["command"], takes: ["command"] } as const;
const ASKED = { needs: [], takes: ["command"] } as const;
const NOTHING = { needs: [], takes: [] } as const;
const FORMS: Readonly<Record<SshChannel, { readonly needs: readonly Key[]; readonly takes: readonly Key[] }>> = {
  shell: NOTHING,
  exec: COMMAND,
  typed: COMMAND,
  subsystem: COMMAND,
  sftp: FILE,
  scp: FILE,
  rsync: FILE,
  redirect: FILE,
  "direct-tcpip": TCP,
  "direct-streamlocal": SOCKET,
  "tcpip-forward": TCP,
  "streamlocal-forward": SOCKET,
  "auth-agent": ASKED,
  x11: NOTHING,
};
const KEYS: readonly Key[] = ["command", "direction", "path", "bytes", "host", "port"];

/** Refuses what the channel could not be asked. */
export function completeSsh(input: SshInput): WrittenResult<WrittenSsh> {
  const { channel } = input;
  // sftp moves a file or changes something
  const { needs, takes } = channel === "sftp" && input.command !== undefined ? COMMAND : FORMS[channel];
  const beside = KEYS.find((key) => input[key] !== undefined && !takes.includes(key));
  if (beside !== undefined) {
    const hint = takes.length === 0 ? `${channel} takes nothing` : `${channel} takes ${takes.join(", ")}`;
    return refuse(`${beside} means nothing here`, { key: beside, hint });
  }
  const missing = needs.find((key) => input[key] === undefined);
  if (missing !== undefined) return refuse(`"${missing}" is missing: ${channel} needs ${needs.join(" and ")}`, {});
  const change = channel === "sftp" && input.command !== undefined ? checkChange(input.command) : undefined;
  if (change !== undefined) return { ok: false, problem: change };
  return { ok: true, value: { ...formOf(input), ...(input.user !== undefined && { user: input.user }) } };
}

/** What SFTP changes without moving a file, and its two ways to move one. */
const SFTP_VERBS = ["get", "put", "rm", "rmdir", "mkdir", "rename", "symlink", "hardlink", "setstat", "extended"];

function checkChange(command: string): WrittenProblem | undefined {
  const [verb] = wordsOf(command) ?? [];
  if (verb === undefined) return { message: "a quote stays open", key: "command" };
  if (SFTP_VERBS.includes(verb.text)) return undefined;
  const hint = didYouMean(verb.text, SFTP_VERBS) ?? `one of ${SFTP_VERBS.join(", ")}`;
  return { message: `${quoted(verb.text)} is nothing that SFTP does`, key: "command", hint };
}

function formOf({
  channel,
  command = "",
  direction = "download",
  path = "",
  bytes,
  host = "",
  port = 0,
}: SshInput): WrittenSsh {
  switch (channel) {
    case "shell":
    case "x11":
      return { kind: channel };
    case "auth-agent":
      return { kind: channel, command };
    case "exec":
    case "typed":
    case "subsystem":
      return { kind: channel, command };
    case "sftp":
    case "scp":
    case "rsync":
    case "redirect":
      if (command !== "") return { kind: "sftp", command };
      return { kind: "file", via: channel, direction, path, ...(bytes !== undefined && { bytes }) };
    default:
      return { kind: "forward", channel, host, port };
  }
}

export function sshText(ssh: WrittenSsh): string {
  switch (ssh.kind) {
    case "exec":
      return ssh.command;
    case "file":
      return lineOf([ssh.via, ssh.direction, ssh.path]);
    case "forward":
      return `${ssh.channel} ${ssh.port === 0 ? ssh.host : `${ssh.host}:${ssh.port}`}`;
    case "typed":
    case "subsystem":
    case "sftp":
    case "auth-agent":
      return `${ssh.kind} ${ssh.command}`.trimEnd();
    default:
      return ssh.kind;
  }
}
