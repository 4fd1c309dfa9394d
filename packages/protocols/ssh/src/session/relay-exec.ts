import type { Admission } from "@tidewaiter/core";
import type { ExecTransfer } from "@tidewaiter/toolkit/command/transfers";
import { Output } from "@tidewaiter/toolkit/terminal/output";
import { type Gate, pump } from "@tidewaiter/toolkit/terminal/pump";
import type { ClientChannel, ServerChannel } from "ssh2";
import { ScpReader } from "../scp/scp-reader.ts";
import { detectorsOf, finish, type SshContext } from "./context.ts";
import { EXIT_REFUSED, spoken } from "./words.ts";

export interface ChannelRelay {
  readonly context: SshContext;
  readonly channel: ServerChannel;
  readonly upstream: ClientChannel;
  readonly exited: Promise<Exit>;
  readonly admission: Extract<Admission, { ok: true }>;
  readonly startedAt: number;
  /** Aborted when the client closed the channel. */
  readonly signal: AbortSignal;
}

export interface ExecRelay extends ChannelRelay {
  /** Bytes of files or of a protocol: neither masked nor recorded. */
  readonly raw: boolean;
  readonly scp: ExecTransfer | undefined;
  readonly moves: readonly (ExecTransfer & { readonly operation: number })[];
}

/** How a command ended, as its server says. */
export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly core: boolean;
  readonly description: string;
}

/** A command without a terminal: three byte streams and an exit. */
export async function relayExec(relay: ExecRelay): Promise<void> {
  const { context, channel, upstream, exited, admission, raw, scp, moves, startedAt } = relay;
  const budget = budgetOf(relay);
  const make = (stream: "output" | "error", write: (bytes: Buffer) => boolean): Output =>
    new Output({
      session: context.session,
      operation: admission.operation,
      stream,
      detectors: raw && stream === "output" ? undefined : detectorsOf(context, admission),
      terminal: false,
      recorded: !raw || stream === "error",
      write,
      gate: budget.gate,
    });
  const output = make("output", (bytes) => channel.write(bytes));
  const errors = make("error", (bytes) => channel.stderr.write(bytes));
  const move = moves.find((each) => each.via === "scp");
  const scpReader = scp === undefined || move === undefined ? undefined : recordFiles(context, move);
  const watchesClient = scp?.direction === "upload" ? scpReader : undefined;
  const watchesTarget = scp?.direction === "download" ? scpReader : undefined;
  let received = 0;
  const input = pump(channel, upstream, (chunk) => {
    received += chunk.length;
    context.session.count("target", chunk.length);
    watchesClient?.push(chunk);
    return chunk;
  });
  void input.then(() => upstream.end());
  await Promise.all([
    pump(
      upstream,
      channel,
      (chunk) => {
        watchesTarget?.push(chunk);
        return output.take(chunk);
      },
      budget.gate,
    ),
    pump(upstream.stderr, channel.stderr, (chunk) => errors.take(chunk), budget.gate),
  ]);
  await Promise.all([errors.end(), output.end()]);
  const exit = budget.end(await exited);
  for (const { via, direction, path, operation } of moves) {
    const bytes = direction === "upload" ? received : output.bytes;
    if (via !== "scp") context.session.record({ at: Date.now(), type: "file", operation, path, direction, via, bytes });
    finish(context, operation, { result: "completed", tag: via, bytes, startedAt });
  }
  end(relay, exit, output.bytes + errors.bytes);
}

/** Once a budget of bytes is spent nothing more passes: the command is ended, and why is said. */
export function budgetOf({ context, admission, channel, upstream }: ChannelRelay): {
  readonly gate: Gate;
  readonly end: (exit: Exit) => Exit;
} {
  const meter = context.session.meter(admission.verdict);
  const gate = (bytes: number): true | Promise<boolean> => {
    const allowed = meter.take(bytes);
    if (allowed === true) return true;
    return allowed.then((granted) => {
      if (!granted) upstream.close();
      return granted;
    });
  };
  const end = (exit: Exit): Exit => {
    meter.end();
    if (meter.exceeded === undefined) return exit;
    const words = `stopped on ${context.resource}: the budget of bytes is spent [${meter.exceeded.ruleId}]`;
    channel.stderr.write(spoken([words]));
    if (meter.exceeded.onExceed === "end") context.end(words);
    return { code: EXIT_REFUSED, signal: undefined, core: false, description: "" };
  };
  return { gate, end };
}

function passExit(channel: ServerChannel, { signal, code, core, description }: Exit): void {
  try {
    if (signal !== undefined) channel.exit(signal, core, description);
    else if (code !== undefined) channel.exit(code);
  } catch {
    // a signal that ssh2 has no name for: as a shell says of one
    channel.exit(128);
  }
}

function recordFiles({ session }: SshContext, { direction, path, operation }: ExecRelay["moves"][number]): ScpReader {
  return new ScpReader(path, (file) =>
    session.record({
      at: Date.now(),
      type: "file",
      operation,
      path: file.path,
      direction,
      via: "scp",
      bytes: file.bytes,
      ...(file.sha256 !== undefined && { sha256: file.sha256 }),
    }),
  );
}

/** Told before the channel closes; a channel that closes without an exit has none. */
export function exitOf(upstream: ClientChannel): Promise<Exit> {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  let exit: Exit = { code: undefined, signal: undefined, core: false, description: "" };
  upstream.once("exit", (code: number | null, signal?: string, core?: string | boolean, description?: string) => {
    exit = {
      code: code ?? undefined,
      signal: signal?.replace(/^SIG/, "") || undefined,
      core: Boolean(core),
      description: description ?? "",
    };
  });
  upstream.once("close", () => resolve(exit));
  return promise;
}

/** Passes the exit on, behind everything that was written, and closes the channel: exit, EOF, close. */
export function end({ context, channel, admission, startedAt, signal }: ChannelRelay, exit: Exit, bytes: number): void {
  const result = signal.aborted ? "canceled" : exit.code === 0 ? "completed" : "error";
  const tag = exit.signal === undefined ? `exit ${exit.code ?? "unknown"}` : `signal ${exit.signal}`;
  finish(context, admission.operation, { result, tag, bytes, startedAt });
  // a write of nothing comes back when all before it are out; each stream waits for the window by itself
  channel.write(Buffer.alloc(0), () =>
    channel.stderr.write(Buffer.alloc(0), () => {
      passExit(channel, exit);
      channel.end();
    }),
  );
}
