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

/**
 * Connects to a target. Names are resolved here, in the target's network; all their addresses are tried (RFC 8305).
 *
 * @throws AgentError `refused` | `unreachable` | `dns` | `timeout`
 */
export function dial(address: Address, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = createConnection(connectOptions(address));
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
  socket.once("connect", () => resolve(socket));
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
