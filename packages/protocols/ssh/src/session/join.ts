import type { Duplex } from "node:stream";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import type { Channel } from "ssh2";
import { type Admitted, finish, type SshContext } from "./context.ts";

/** What an SSH server and client say first (RFC 4253, 4.2): a second connection inside of this one would not be recorded. */
const SSH_BANNER = Buffer.from("SSH-");

/** Moves bytes both ways until both sides have ended; a connection that turns out to be SSH is cut. */
export async function join(
  context: SshContext,
  admission: Admitted,
  to: string,
  near: Duplex,
  far: Duplex,
): Promise<void> {
  const startedAt = Date.now();
  const counts = { toTarget: 0, toClient: 0 };
  const tell = whenOver(context, { operation: admission.operation, to, counts, startedAt });
  const cut = (): void => {
    near.destroy();
    far.destroy();
  };
  near.on("error", cut);
  far.on("error", cut);
  context.signal.addEventListener("abort", cut, { once: true });
  far.once("close", () => near.end());
  const watched = (side: "toTarget" | "toClient") => {
    let head = Buffer.alloc(0);
    return (chunk: Buffer): Buffer | undefined => {
      if (head.length < SSH_BANNER.length) {
        head = Buffer.concat([head, chunk]).subarray(0, SSH_BANNER.length);
        if (head.equals(SSH_BANNER)) {
          cut();
          return undefined;
        }
      }
      counts[side] += chunk.length;
      context.session.count(side === "toTarget" ? "target" : "client", chunk.length);
      return chunk;
    };
  };
  const up = pump(near, far, watched("toTarget")).then(() => far.end());
  const down = pump(far, near, watched("toClient")).then(() => halfClose(near));
  await Promise.all([up, down]);
  near.end();
  context.signal.removeEventListener("abort", cut);
  tell();
}

interface ForwardEnd {
  readonly operation: number;
  readonly to: string;
  /** So far. */
  readonly counts: { readonly toTarget: number; readonly toClient: number };
  readonly startedAt: number;
}

/** Records once how a connection ended: when that is said, or when the session ends before. */
export function whenOver(context: SshContext, { operation, to, counts, startedAt }: ForwardEnd): () => void {
  const tell = (): void => {
    context.signal.removeEventListener("abort", tell);
    const { toTarget: bytesToTarget, toClient: bytesToClient } = counts;
    const durationMs = Date.now() - startedAt;
    context.session.record({
      at: Date.now(),
      type: "forward",
      operation,
      to,
      bytesToTarget,
      bytesToClient,
      durationMs,
    });
    finish(context, operation, { result: "completed", tag: "forward", bytes: bytesToClient, startedAt });
  };
  context.signal.addEventListener("abort", tell, { once: true });
  return () => {
    if (!context.signal.aborted) tell();
  };
}

/** Says that nothing more comes, while the other way stays open: a channel towards a client closes as a whole when it is ended. */
function halfClose(near: Duplex): void {
  if (near.destroyed || near.writableEnded) return;
  // a write of nothing comes back when all before it are out
  near.write(Buffer.alloc(0), () => (near as Channel).eof());
}
