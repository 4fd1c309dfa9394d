import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "./errors.ts";
import { runTunnel, type TunnelContext } from "./tunnel-session.ts";

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * Keeps one tunnel to `url` until `context.signal` aborts. After a loss the wait doubles from 0.5 s to 30 s, each time
 * drawn between half and whole so that many agents do not come back at once; a welcome starts it anew.
 */
export async function keepConnected(url: string, context: TunnelContext): Promise<void> {
  const { log, signal } = context;
  let delay = FIRST_DELAY_MS;
  while (!signal.aborted) {
    try {
      const { by, reason } = await runTunnel(url, context, () => {
        delay = FIRST_DELAY_MS;
        log.info("connected", { gateway: url });
      });
      log.info("disconnected", { gateway: url, by, code: reason.code, reason: reason.text });
      // Another process runs with the same identity: two that replace each other at once would never stop.
      if (reason.code === "replaced") delay = MAX_DELAY_MS;
    } catch (error) {
      if (signal.aborted) break;
      const code = error instanceof AgentError ? error.code : "no_connection";
      log.warn("cannot connect", { gateway: url, code, reason: error instanceof Error ? error.message : "" });
      // A gateway that knows this agent and refuses it will not change its mind within a second.
      if (code === "auth_refused") delay = Math.max(delay, MAX_DELAY_MS / 2);
    }
    await pause(delay, signal);
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  }
}

/** Waits between half and the whole of `delay`, or until aborted. */
export async function pause(delay: number, signal: AbortSignal): Promise<void> {
  const jittered = delay / 2 + (Math.random() * delay) / 2;
  await sleep(jittered, undefined, { signal }).catch(() => {});
}
