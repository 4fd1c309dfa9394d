import { createConnection, type NetConnectOpts, type Socket } from "node:net";
import type { Address } from "./address.ts";
import { AgentError, type RefusalCode } from "./errors.ts";

export const DIAL_DEADLINE_MS = 10_000;
const KEEPALIVE_DELAY_MS = 30_000;

const CODES: Readonly<Record<string, RefusalCode>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "refused",
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_FAIL: "dns",
  ETIMEDOUT: "timeout",
};

/** All targets' bytes are read into one buffer: it is empty again before the next read, whichever socket that is of. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** A connected target that is not read yet. */
export interface Target {
  readonly socket: Socket;
  /**
   * Starts reading. `take` is given each read's bytes, which are overwritten once it returns, and answers whether to read on;
   * after a false `socket.resume()` does. The socket has no `data` events.
   */
  read(take: (bytes: Buffer) => boolean): void;
}

/**
 * Connects to a target. Names are resolved here, in the target's network; all their addresses are tried (RFC 8305).
 *
 * @throws AgentError `refused` | `unreachable` | `dns` | `timeout`
 */
export function dial(address: Address, signal: AbortSignal): Promise<Target> {
  const { promise, resolve, reject } = Promise.withResolvers<Target>();
  let take = (_bytes: Buffer): boolean => false;
  const onread = { buffer: READ_BUFFER, callback: (length: number): boolean => take(READ_BUFFER.subarray(0, length)) };
  const socket = createConnection({ ...connectOptions(address), onread });
  // A server may speak first: its bytes wait in the kernel until somebody takes them.
  socket.pause();
  const fail = (error: AgentError): void => {
    reject(error);
    socket.destroy();
  };
  const deadline = setTimeout(
    () => fail(new AgentError("timeout", "the target did not answer in time")),
    DIAL_DEADLINE_MS,
  );
  const withdraw = (): void => fail(new AgentError("timeout", "withdrawn"));
  const onError = (error: NodeJS.ErrnoException): void => fail(dialError(error));
  if (signal.aborted) withdraw();
  signal.addEventListener("abort", withdraw, { once: true });
  socket.on("error", onError);
  const read: Target["read"] = (taker) => {
    take = taker;
    socket.resume();
  };
  socket.once("connect", () => resolve({ socket, read }));
  return promise.finally(() => {
    clearTimeout(deadline);
    signal.removeEventListener("abort", withdraw);
    socket.off("error", onError);
    // Until its new owner listens, and after it was destroyed here, an error has nowhere to go.
    socket.on("error", () => {});
  });
}

function connectOptions(address: Address): NetConnectOpts {
  if (address.kind === "unix") return { path: address.path, allowHalfOpen: true };
  return {
    host: address.host,
    port: address.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_DELAY_MS,
  };
}

function dialError(error: NodeJS.ErrnoException): AgentError {
  const code = CODES[error.code ?? ""] ?? "unreachable";
  return new AgentError(code, `the target cannot be reached (${error.code ?? "unknown"})`, { cause: error });
}
