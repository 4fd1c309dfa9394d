import type { KubeOperation } from "@tidewaiter/core";
import { asks } from "../request/read-request.ts";

/** Which byte streams a client asks for (core/v1 PodExecOptions, PodAttachOptions). */
export interface StreamWish {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export function readWish(query: string): StreamWish {
  const parameters = new URLSearchParams(query);
  const tty = asks(parameters, "tty");
  return {
    stdin: asks(parameters, "stdin"),
    stdout: asks(parameters, "stdout"),
    // a terminal has one output
    stderr: asks(parameters, "stderr") && !tty,
    tty,
  };
}

/** The query that the target gets: what was judged and nothing else, written so that there is one way to read it. */
export function queryOf({ command, container }: KubeOperation, wish: StreamWish): string {
  const parameters = new URLSearchParams();
  for (const word of command) parameters.append("command", word);
  if (container !== "") parameters.set("container", container);
  for (const name of ["stdin", "stdout", "stderr", "tty"] as const) if (wish[name]) parameters.set(name, "true");
  return parameters.toString();
}

/** As a person would type it. */
export function shownCommand(operation: KubeOperation, wish: StreamWish): string {
  const { subresource, namespace, name, container, command } = operation;
  const flags = [...(wish.stdin ? ["-i"] : []), ...(wish.tty ? ["-t"] : [])];
  const place = [...(namespace === "" ? [] : ["-n", namespace]), name, ...(container === "" ? [] : ["-c", container])];
  const words = ["kubectl", subresource, ...flags, ...place.map(quoted)];
  return [...words, ...(command.length === 0 ? [] : ["--", ...command.map(quoted)])].join(" ");
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
