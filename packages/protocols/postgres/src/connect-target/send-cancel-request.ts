import type { Duplex } from "node:stream";
import { withDeadline } from "../deadline.ts";
import { encodeStartup } from "../encode-startup.ts";
import { HandshakeReader } from "../handshake-reader.ts";
import type { BackendKey } from "../messages.ts";
import type { TargetTls } from "./options.ts";
import { startTls } from "./start-tls.ts";

const DEFAULT_DEADLINE_MS = 5_000;

export interface CancelOptions {
  /** As for the session itself; default `disable`, since libpq before 17 never encrypts it either. */
  readonly tls?: TargetTls;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks the target, over a connection of its own, to cancel what the session with this key is doing. Resolves when the
 * server has closed the connection, which is its only answer: whether anything was cancelled shows in the session.
 * The stream is destroyed in any case.
 * @throws TargetConnectError `tls_refused` or `tls_verify`, DeadlineError, or the reason of `options.signal`
 */
export async function sendCancelRequest(stream: Duplex, key: BackendKey, options: CancelOptions = {}): Promise<void> {
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  try {
    await withDeadline(deadlineMs, options.signal, async (signal) => {
      const plain = new HandshakeReader(stream, signal);
      const tls = options.tls === undefined ? undefined : await startTls(plain, options.tls, signal);
      const reader = tls === undefined ? plain : new HandshakeReader(tls, signal);
      reader.stream.write(encodeStartup({ name: "CancelRequest", ...key }));
      await reader.closed();
    });
  } finally {
    stream.destroy();
  }
}
