import type { KubeOperation } from "@tidewaiter/core";
import { approvedText, heldText } from "@tidewaiter/toolkit/terminal/review-words";
import { TypedKeys } from "@tidewaiter/toolkit/terminal/typed-keys";
import { TypedLine } from "@tidewaiter/toolkit/terminal/typed-line";
import { typedPrograms } from "@tidewaiter/toolkit/terminal/typed-programs";
import { admit, finish } from "../session/context.ts";
import { refusalText } from "../session/words.ts";
import type { CommandRelay } from "./relay-remote-command.ts";
import type { TerminalSize } from "./terminal-sizes.ts";
import type { StreamWish } from "./wish.ts";

const SHELLS = new Set(["sh", "bash", "ash", "dash", "zsh", "ksh", "mksh", "busybox"]);
/** Until the client has said how large its terminal is. */
const FIRST_SIZE = { columns: 80, rows: 24 };

/**
 * The operation of a shell whose lines are judged one by one as they are typed, so that its programs are known; undefined
 * for any other. Whoever attaches to a terminal is taken to have a shell in front of him, as `kubectl debug` and `run` do.
 */
export function typedShell(operation: KubeOperation, { tty, stdin }: StreamWish): KubeOperation | undefined {
  if (!tty || !stdin) return undefined;
  if (operation.subresource === "attach") return operation;
  const [first = "", ...rest] = operation.command;
  const program = first.slice(first.lastIndexOf("/") + 1);
  const words = program === "busybox" ? rest.slice(1) : rest;
  if (!SHELLS.has(program) || (program === "busybox" && !SHELLS.has(rest[0] ?? ""))) return undefined;
  // options that only say how it reads what is typed
  return words.every((word) => /^(-[il]+|--login)$/.test(word)) ? { ...operation, programs: [program] } : undefined;
}

/** The terminal of such a shell: what it shows, to read from it what was typed when Enter is pressed. */
export class ShellTerminal {
  readonly keys: TypedKeys;
  readonly #screen = new TypedLine(FIRST_SIZE);

  constructor(relay: CommandRelay, ends: ConstructorParameters<typeof TypedKeys>[0]["sink"], left: AbortSignal) {
    const { stdin } = relay.client.command;
    if (stdin === undefined) throw new Error("a terminal without input");
    this.keys = new TypedKeys({
      screen: this.#screen,
      source: stdin,
      sink: ends,
      judge: (line, taken) => judgeLine(relay, line, AbortSignal.any([left, taken])),
      passed: (bytes) => relay.context.session.count("target", bytes),
      broken: () => relay.upstream.destroy(),
    });
  }

  output(chunk: Buffer): void {
    this.#screen.output(chunk);
    this.keys.shown();
  }

  resize({ columns, rows }: TerminalSize): void {
    if (columns > 0 && rows > 0) this.#screen.resize(columns, rows);
  }

  dispose(): void {
    this.#screen.dispose();
  }
}

/** False: refused, and said so. What cannot be read may stand in an editor: the programs that were seen count. */
async function judgeLine(
  { context, client, operation }: CommandRelay,
  line: string,
  signal: AbortSignal,
): Promise<boolean> {
  const startedAt = Date.now();
  const programs = typedPrograms(line);
  const typed: KubeOperation = { ...operation, subresource: "typed", command: [line], programs };
  const admission = await admit(context, {
    operation: typed,
    text: line,
    summary: `typed ${programs.join(" ")}`,
    signal,
    onHeld: (held) => client.interject(heldText(held)),
  });
  if (!admission.ok) {
    client.interject([refusalText(operation, admission, "not run")]);
    return false;
  }
  if (admission.approval !== undefined) client.interject([approvedText(admission.approval)]);
  finish(context, admission.operation, { result: "completed", tag: "sent", bytes: 0, startedAt });
  return true;
}
