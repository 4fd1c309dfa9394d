import type { SshOperation, WrittenSsh } from "@tidewaiter/core";
import { wordsOf } from "@tidewaiter/core/written/words";
import { readCommand } from "@tidewaiter/toolkit/command/read-command";
import type { ExecTransfer } from "@tidewaiter/toolkit/command/transfers";
import type { SftpRequest } from "../sftp/sftp-inspector.ts";
import {
  type Asked,
  askOfBorrowing,
  askOfForward,
  askOfSftp,
  askOfTransfer,
  askOfTypedLine,
  asksOfChannel,
} from "./operations.ts";

/** As what a written operation is judged, as a session would make it. `user`: the login at the target, unless it names one. */
export function operationsOfWritten(written: WrittenSsh, user?: string): readonly SshOperation[] {
  return asksOf(written).map(({ operation }) => ({ type: "ssh", user: written.user ?? user, ...operation }));
}

function asksOf(written: WrittenSsh): readonly Asked[] {
  switch (written.kind) {
    case "shell":
      return asksOfChannel({ kind: "shell", command: "", terminal: true }).asked;
    case "exec":
    case "subsystem":
      return asksOfChannel({ kind: written.kind, command: written.command, terminal: false }).asked;
    case "typed":
      return [askOfTypedLine(written.command)];
    case "sftp":
      return [askOfSftp(changeOf(written.command))];
    case "file":
      return [askOfFile(written)];
    case "forward":
      return [askOfForward(written)];
    case "auth-agent":
      return [askOfBorrowing(written.kind, written.command)];
    case "x11":
      return [askOfBorrowing(written.kind)];
  }
}

/** `rm /srv/x`: a verb of SFTP and its paths. */
function changeOf(command: string): SftpRequest {
  const [verb = "", ...paths] = (wordsOf(command) ?? []).map(({ text }) => text);
  return { verb: verb as SftpRequest["verb"], paths };
}

type WrittenFile = Extract<WrittenSsh, { readonly kind: "file" }>;

/** By other ways than sftp a command line moves the file: the plainest one that does. */
function askOfFile({ via, direction, path, bytes }: WrittenFile): Asked {
  const asked =
    via === "sftp"
      ? askOfSftp({ verb: direction === "download" ? "get" : "put", paths: [path] })
      : askOfMove({ via, direction, path });
  const { transfer } = asked.operation;
  if (bytes === undefined || transfer === undefined) return asked;
  return { ...asked, operation: { ...asked.operation, transfer: { ...transfer, bytes } } };
}

function askOfMove(transfer: ExecTransfer): Asked {
  const command = farEnd(transfer);
  return askOfTransfer(transfer, command, readCommand(command).programs);
}

function farEnd({ via, direction, path }: ExecTransfer): string {
  const downloads = direction === "download";
  const quoted = `'${path.replaceAll("'", "'\\''")}'`;
  switch (via) {
    case "scp":
      return `scp ${downloads ? "-f" : "-t"} -- ${quoted}`;
    case "rsync":
      return `rsync --server ${downloads ? "--sender " : ""}-e.L . ${quoted}`;
    case "redirect":
      return downloads ? `cat < ${quoted}` : `cat > ${quoted}`;
  }
}
