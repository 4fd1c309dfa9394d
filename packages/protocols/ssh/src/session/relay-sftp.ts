import type { ByteMeter } from "@tidewaiter/core";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import { SftpInspector } from "../sftp/sftp-inspector.ts";
import { admit, finish } from "./context.ts";
import { askOfSftp } from "./operations.ts";
import { type ChannelRelay, end } from "./relay-exec.ts";
import { approvedText, heldText, refusalText, spoken } from "./words.ts";

/** The sftp subsystem: every file and every change is an operation of its own. */
export async function relaySftp(relay: ChannelRelay): Promise<void> {
  const { context, channel, upstream, exited, signal } = relay;
  const { session, resource } = context;
  let bytes = 0;
  const open = new Map<number, { readonly startedAt: number; readonly meter: ByteMeter }>();
  const inspector = new SftpInspector({
    toTarget(packet) {
      session.count("target", packet.length);
      if (!upstream.write(packet)) {
        channel.pause();
        upstream.once("drain", () => channel.resume());
      }
    },
    toClient(packet) {
      bytes += packet.length;
      session.count("client", packet.length);
      if (!channel.write(packet)) {
        upstream.pause();
        channel.once("drain", () => upstream.resume());
      }
    },
    async judge(request) {
      const asked = askOfSftp(request);
      const admission = await admit(context, {
        ...asked,
        signal,
        onHeld: (held) => void channel.stderr.write(spoken(heldText(held))),
      });
      if (!admission.ok) {
        // the status of a request is shown in few words; the whole is said beside it
        const words = refusalText(resource, `${request.verb} not done`, admission);
        channel.stderr.write(spoken([words]));
        return { ok: false, message: words };
      }
      if (admission.approval !== undefined) channel.stderr.write(spoken([approvedText(admission.approval)]));
      if (asked.operation.transfer === undefined)
        finish(context, admission.operation, { result: "completed", tag: "sent", bytes: 0, startedAt: Date.now() });
      else open.set(admission.operation, { startedAt: Date.now(), meter: session.meter(admission.verdict) });
      return { ok: true, operation: admission.operation };
    },
    moved({ operation, path, direction, bytes: size, sha256 }) {
      const sum = sha256 === undefined ? {} : { sha256 };
      const opened = open.get(operation);
      opened?.meter.end();
      open.delete(operation);
      session.record({ at: Date.now(), type: "file", operation, path, direction, via: "sftp", bytes: size, ...sum });
      finish(context, operation, {
        result: "completed",
        tag: direction,
        bytes: size,
        startedAt: opened?.startedAt ?? Date.now(),
      });
    },
    spend: (operation, size) => open.get(operation)?.meter.take(size) ?? Promise.resolve(false),
  });
  let broken = false;
  const guarded = (read: (chunk: Buffer) => void) => (chunk: Buffer) => {
    try {
      if (!broken) read(chunk);
    } catch {
      // bytes that are no SFTP are not passed on, nor what follows them
      broken = true;
      upstream.close();
    }
    return undefined;
  };
  const input = pump(
    channel,
    upstream,
    guarded((chunk) => inspector.client(chunk)),
  );
  void input.then(() => upstream.end());
  await Promise.all([
    pump(
      upstream,
      channel,
      guarded((chunk) => inspector.target(chunk)),
    ),
    pump(upstream.stderr, channel.stderr),
  ]);
  const exit = await exited;
  inspector.end();
  for (const [operation, { startedAt, meter }] of open) {
    meter.end();
    finish(context, operation, { result: "error", tag: "never opened", bytes: 0, startedAt });
  }
  end(relay, exit, bytes);
}
