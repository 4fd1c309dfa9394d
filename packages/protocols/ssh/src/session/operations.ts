import { posix } from "node:path";
import type { SshChannel, SshOperation } from "@tidewaiter/core";
import { type CommandReading, readCommand } from "@tidewaiter/toolkit/command/read-command";
import { type ExecTransfer, transfersOf } from "@tidewaiter/toolkit/command/transfers";
import { typedPrograms } from "@tidewaiter/toolkit/terminal/typed-programs";
import type { SftpRequest } from "../sftp/sftp-inspector.ts";

/** What a client asks for, before it is known who asks. */
export interface Asked {
  readonly operation: Omit<SshOperation, "type" | "user">;
  /** As records show it. */
  readonly text: string;
  /** In few words. */
  readonly summary: string;
}

export interface ChannelRequest {
  readonly kind: "shell" | "exec" | "subsystem";
  /** Command line of an exec, name of a subsystem. */
  readonly command: string;
  /** A terminal was asked for. */
  readonly terminal: boolean;
}

export interface ChannelAsks {
  /** Of an exec. */
  readonly reading: CommandReading | undefined;
  /** Files that the command moves. */
  readonly transfers: readonly ExecTransfer[];
  /** The command itself, then each of its transfers, in the same order. */
  readonly asked: readonly Asked[];
}

/** Everything that a request on a session channel is judged as (RFC 4254, 6.5). */
export function asksOfChannel({ kind, command, terminal }: ChannelRequest): ChannelAsks {
  const reading = kind === "exec" ? readCommand(command) : undefined;
  const transfers = reading === undefined ? [] : transfersOf(reading);
  // without a terminal a shell reads its lines where nobody does
  const programs = kind === "exec" ? reading?.programs : kind === "shell" && !terminal ? undefined : [];
  const summary =
    kind === "shell" ? "a shell" : kind === "subsystem" ? `subsystem ${command}` : `exec ${reading?.seen.join(" ")}`;
  const own: Asked = { operation: { channel: kind, command, programs }, text: command || summary, summary };
  const moved = transfers.map((transfer) => askOfTransfer(transfer, command, programs));
  return { reading, transfers, asked: [own, ...moved] };
}

/** A file that a command line moves. */
export function askOfTransfer(
  { via, direction, path }: ExecTransfer,
  command: string,
  programs: CommandReading["programs"],
): Asked {
  const words = `${direction} ${path} by ${via}`;
  const transfer = { direction, path: plainPath(path) };
  return { operation: { channel: via, command, programs, transfer }, text: words, summary: words };
}

/** A line typed in a terminal: what cannot be read stands in an editor or is half a line, so the programs that were seen count. */
export function askOfTypedLine(line: string): Asked {
  const programs = typedPrograms(line);
  return {
    operation: { channel: "typed", command: line, programs },
    text: line,
    summary: `typed ${programs.join(" ")}`,
  };
}

/** A file or a change, by the sftp subsystem. */
export function askOfSftp({ verb, paths }: SftpRequest): Asked {
  const [path = ""] = paths;
  const text = [verb, ...paths].join(" ");
  if (verb !== "get" && verb !== "put")
    return { operation: { channel: "sftp", command: text, programs: [verb] }, text, summary: text };
  const transfer = { direction: verb === "get" ? "download" : "upload", path: plainPath(path) } as const;
  return { operation: { channel: "sftp", command: "", programs: [], transfer }, text, summary: text };
}

export interface ForwardRequest {
  readonly channel: SshChannel;
  /** Host, or path of a socket. */
  readonly host: string;
  /** 0 of a socket. */
  readonly port: number;
}

/** A connection through the target, or a port that it opens (RFC 4254, 7). */
export function askOfForward(request: ForwardRequest): Asked {
  const { channel, host, port } = request;
  const text = `${channel} ${placeOf(request)}`;
  return { operation: { channel, command: "", programs: [], forward: { host, port } }, text, summary: text };
}

export function placeOf({ host, port }: ForwardRequest): string {
  return port === 0 ? host : `${host}:${port}`;
}

/** What the client's machine may lend to the host. */
export type Lendable = "auth-agent" | "x11";

/**
 * Something lent, or one use of it. `command` is empty for the lending itself, else `connect`, or of an agent
 * `sign FINGERPRINT login USER`, `sign FINGERPRINT file NAMESPACE`, `sign FINGERPRINT data`.
 */
export function askOfBorrowing(channel: Lendable, command = ""): Asked {
  const what = channel === "x11" ? "X11" : "agent";
  const text = command === "" ? `${what} forwarding` : `${what} ${command}`;
  const programs = command === "" ? [] : command.split(" ", 1);
  return { operation: { channel, command, programs }, text, summary: text };
}

/** A path as rules see it: `/var/../etc//x` is `/etc/x`. Links, and where a relative path begins, only the target knows. */
function plainPath(path: string): string {
  return path === "" ? path : posix.normalize(path);
}
