import type { Admission } from "@tidewaiter/core";
import { Output } from "@tidewaiter/toolkit/terminal/output";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import { TypedKeys } from "@tidewaiter/toolkit/terminal/typed-keys";
import { TypedLine } from "@tidewaiter/toolkit/terminal/typed-line";
import { admit, detectorsOf, finish } from "./context.ts";
import { askOfTypedLine } from "./operations.ts";
import { budgetOf, type ChannelRelay, end } from "./relay-exec.ts";
import { approvedText, heldText, refusalText, spoken } from "./words.ts";

export interface TerminalSizeChange {
  readonly rows: number;
  readonly cols: number;
}

export interface TerminalRelay extends ChannelRelay {
  readonly size: TerminalSizeChange;
  readonly resizes: (listener: ((size: TerminalSizeChange) => void) | undefined) => void;
  /** Lines are typed to a shell: each is judged at Enter. */
  readonly typed: boolean;
}

/** A terminal: what the client sees is recorded and masked, what it types is judged line by line. */
export async function relayTerminal(relay: TerminalRelay): Promise<void> {
  const { context, channel, upstream, exited, admission, size, resizes, typed } = relay;
  const { session } = context;
  const { operation } = admission;
  const screen = typed ? new TypedLine({ columns: size.cols, rows: size.rows }) : undefined;
  const budget = budgetOf(relay);
  const output = new Output({
    session,
    operation,
    stream: "output",
    detectors: detectorsOf(context, admission),
    terminal: true,
    recorded: true,
    write: (bytes) => channel.write(bytes),
    gate: budget.gate,
  });
  const sized = ({ cols, rows }: TerminalSizeChange): void =>
    session.record({ at: Date.now(), type: "terminal_size", operation, columns: cols, rows });
  sized(size);
  resizes((changed) => {
    sized(changed);
    screen?.resize(changed.cols, changed.rows);
  });
  const keys = new TypedKeys({
    screen,
    source: channel,
    sink: upstream,
    judge: (line, taken) => judgeLine(relay, line, taken),
    passed: (bytes) => session.count("target", bytes),
    broken: () => upstream.close(),
  });
  void pump(channel, upstream, (chunk) => {
    keys.take(chunk);
    return undefined;
  }).then(() => keys.end());
  await Promise.all([
    pump(
      upstream,
      channel,
      (chunk) => {
        screen?.output(chunk);
        keys.shown();
        return output.take(chunk);
      },
      budget.gate,
    ),
    pump(upstream.stderr, channel.stderr, (chunk) => output.take(chunk), budget.gate),
  ]);
  await output.end();
  const exit = budget.end(await exited);
  resizes(undefined);
  screen?.dispose();
  end(relay, exit, output.bytes);
}

/** False: refused, and said so. */
async function judgeLine(
  { context, channel, signal }: TerminalRelay,
  line: string,
  taken: AbortSignal,
): Promise<boolean> {
  const startedAt = Date.now();
  const say = (lines: readonly string[]): void => void channel.write(`\r\n${spoken(lines, "\r\n")}`);
  const admission: Admission = await admit(context, {
    ...askOfTypedLine(line),
    signal: AbortSignal.any([signal, taken]),
    onHeld: (held) => say(heldText(held)),
  });
  if (!admission.ok) {
    say([refusalText(context.resource, "not run", admission)]);
    return false;
  }
  if (admission.approval !== undefined) say([approvedText(admission.approval)]);
  finish(context, admission.operation, { result: "completed", tag: "sent", bytes: 0, startedAt });
  return true;
}
