import type { Admission, KubeOperation } from "@tidewaiter/core";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import { Output } from "@tidewaiter/toolkit/terminal/output";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import type { Channel } from "../carrier/channel.ts";
import { finish, type KubeContext } from "../session/context.ts";
import { failure } from "../status.ts";
import { archiveOf } from "./archive.ts";
import type { ClientEnd } from "./client-end.ts";
import { CopiedFiles } from "./copied-files.ts";
import { ended, type RemoteCommand } from "./remote-command.ts";
import { type ReadStatus, readSmall, readStreamStatus, type StreamStatus } from "./stream-status.ts";
import { sizeText, TerminalSizes } from "./terminal-sizes.ts";
import { ShellTerminal } from "./typed-shell.ts";

export interface CommandRelay {
  readonly context: KubeContext;
  /** Why the session ended from outside. */
  readonly interrupted: Promise<string>;
  readonly operation: KubeOperation;
  readonly client: ClientEnd;
  readonly upstream: RemoteCommand;
  readonly admission: Extract<Admission, { ok: true }>;
  readonly startedAt: number;
  /** Lines are typed to a shell: each is judged at Enter. */
  readonly typed: boolean;
}

type End =
  | { readonly how: "ended"; readonly status: ReadStatus | undefined }
  | { readonly how: "interrupted"; readonly reason: string }
  | { readonly how: "spent"; readonly ruleId: string }
  | { readonly how: "left" };

/** Carries the streams of a command both ways until it, its client or its session ends, and says how it did. */
export async function relayRemoteCommand(relay: CommandRelay): Promise<void> {
  const { context, client, upstream, admission, operation } = relay;
  const { session } = context;
  const detectors = activeDetectors(session.labels().detectors, admission.verdict)?.set;
  const meter = session.meter(admission.verdict);
  const spent = Promise.withResolvers<End>();
  const gate = (bytes: number): true | Promise<boolean> => {
    const allowed = meter.take(bytes);
    if (allowed === true) return true;
    return allowed.then((granted) => {
      if (!granted) spent.resolve({ how: "spent", ruleId: meter.exceeded?.ruleId ?? "" });
      return granted;
    });
  };
  const outputs: Output[] = [];
  const archive = archiveOf(operation.command);
  const files = archive === undefined ? undefined : new CopiedFiles(session, admission.operation, archive);
  const carry = async (stream: "output" | "error", from: Channel | undefined, to: Channel | undefined) => {
    if (from === undefined || to === undefined) return;
    // bytes of files are told by their names; a mask would make them others
    const raw = stream === "output" && archive?.direction === "download";
    const output = new Output({
      session,
      operation: admission.operation,
      stream,
      detectors: raw ? undefined : detectors,
      terminal: client.tty,
      recorded: !raw,
      write: (bytes) => to.write(bytes),
      gate,
    });
    outputs.push(output);
    const take = (chunk: Buffer): Buffer | undefined => {
      if (raw) files?.push(chunk);
      shell?.output(chunk);
      return output.take(chunk);
    };
    await pump(from, to, take, gate);
    await output.end();
  };
  const left = new AbortController();
  const to = upstream.stdin;
  const shell = relay.typed && to !== undefined ? new ShellTerminal(relay, to, left.signal) : undefined;
  carryInput(relay, { shell, files: archive?.direction === "upload" ? files : undefined });
  carrySizes(relay, shell);
  const status = readSmall(upstream.error);
  const carried = Promise.all([
    carry("output", upstream.stdout, client.command.stdout),
    carry("error", upstream.stderr, client.command.stderr),
    upstream.over,
  ]);
  const end = await Promise.race<End>([
    carried.then(async () => ({ how: "ended", status: statusOf(upstream, await status, detectors) })),
    relay.interrupted.then((reason) => ({ how: "interrupted", reason })),
    client.command.over.then(() => ({ how: "left" })),
    spent.promise,
  ]);
  left.abort();
  upstream.destroy();
  shell?.dispose();
  meter.end();
  if (end.how !== "interrupted") files?.end();
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  await tellEnd(relay, end, bytes);
}

function carryInput(
  { context, client, upstream }: CommandRelay,
  on: { readonly shell: ShellTerminal | undefined; readonly files: CopiedFiles | undefined },
): void {
  const { stdin } = client.command;
  const to = upstream.stdin;
  if (stdin === undefined || to === undefined) return;
  const { shell, files } = on;
  if (shell !== undefined) {
    const take = (chunk: Buffer): undefined => shell.keys.take(chunk) as undefined;
    return void pump(stdin, to, take).then(() => shell.keys.end());
  }
  void pump(stdin, to, (chunk) => {
    context.session.count("target", chunk.length);
    files?.push(chunk);
    return chunk;
  }).then(() => ended(to));
}

function carrySizes({ context, client, upstream, admission }: CommandRelay, shell: ShellTerminal | undefined): void {
  const sizes = new TerminalSizes();
  client.command.resize?.on("data", (chunk: Buffer) => {
    for (const size of sizes.push(chunk)) {
      context.session.record({ at: Date.now(), type: "terminal_size", operation: admission.operation, ...size });
      shell?.resize(size);
      upstream.resize?.write(sizeText(size));
    }
  });
}

function statusOf(upstream: RemoteCommand, bytes: Buffer, detectors: DetectorSet | undefined): ReadStatus | undefined {
  const change = (text: string): string => (detectors === undefined ? text : redactText(text, detectors));
  if (upstream.status) return readStreamStatus(bytes, change);
  // before v4 there is a text, and only where something went wrong
  if (bytes.length === 0) return { status: { metadata: {}, status: "Success" }, exitCode: 0 };
  return { status: failure("InternalError", change(bytes.toString("utf8"))), exitCode: undefined };
}

async function tellEnd(relay: CommandRelay, end: End, bytes: number): Promise<void> {
  const { context, client, admission, startedAt } = relay;
  const { resource } = context;
  const done = (result: "completed" | "error" | "canceled", tag: string): void =>
    finish(context, admission.operation, { result, tag, bytes, startedAt });
  switch (end.how) {
    case "ended": {
      const broken = failure("InternalError", `${resource} closed the connection before the command had ended`);
      const status: StreamStatus = end.status?.status ?? broken;
      const code = end.status?.exitCode;
      done(code === 0 ? "completed" : "error", code === undefined ? "no exit code" : `exit ${code}`);
      return client.finish(status);
    }
    case "spent": {
      const words = `stopped on ${resource}: the budget of bytes is spent [${end.ruleId}]`;
      done("error", "budget");
      client.explain(words);
      return client.cut(failure("Forbidden", words));
    }
    case "interrupted": {
      const words = `the session on ${resource} has ended: ${end.reason}`;
      client.explain(words);
      return client.cut(failure("Forbidden", words));
    }
    case "left":
      done("canceled", "client left");
      return client.command.destroy();
  }
}
