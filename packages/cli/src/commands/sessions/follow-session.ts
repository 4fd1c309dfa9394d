import { setTimeout as sleep } from "node:timers/promises";
import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { type Api, answer } from "../../api/client.ts";
import { CliError } from "../../errors.ts";
import { BROKEN_OFF, isEvent, recordedLines } from "./recording-events.ts";

export interface Following {
  /** Anew for each question: an access token does not hold for as long as a session may. */
  readonly api: () => Promise<Api>;
  readonly sessionId: string;
  readonly reason: string;
  readonly originals: boolean;
  readonly signal: AbortSignal;
  /** The watch has begun. */
  readonly onBegin: () => void;
  /** Told once when the server is away, and once when it is there again. */
  readonly onAway: (away: boolean) => void;
}

/** What was recorded since the last one, in order. */
export interface Followed {
  readonly events: readonly SessionEvent[];
  /** There is more already. */
  readonly more: boolean;
  /** Why the session has ended; null while it lives. */
  readonly ended: string | null;
}

const RETRY_MS = 1_000;
/** Without the server; then the watch fails. */
const PATIENCE_MS = 60_000;

/**
 * A live session from its beginning, until it has ended or `signal` is aborted. Goes on where it was when the server was
 * away meanwhile. @throws CliError when one may not watch it (any more)
 */
export async function* followSession(following: Following): AsyncGenerator<Followed> {
  const { signal, onAway } = following;
  let after = 0;
  let watch: string | undefined;
  let begun = false;
  let awaySince: number | undefined;
  try {
    while (!signal.aborted) {
      try {
        watch ??= await openWatch(following);
        if (!begun) following.onBegin();
        begun = true;
        const { position, ...followed } = await ask(following, watch, after);
        if (awaySince !== undefined) onAway(false);
        awaySince = undefined;
        after = position;
        yield followed;
        if (followed.ended !== null) return;
      } catch (error) {
        if (signal.aborted) return;
        // it ended while nobody asked
        if (begun && codeOf(error) === "session_ended") return yield { events: [], more: false, ended: "" };
        // nothing was asked for too long, as by a computer that slept: another watch goes on
        if (watch !== undefined && codeOf(error) === "not_found") watch = undefined;
        else {
          if (!passes(error)) throw error;
          if (awaySince === undefined) onAway(true);
          awaySince ??= performance.now();
          if (performance.now() - awaySince > PATIENCE_MS) throw error;
        }
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  } finally {
    if (watch !== undefined) await closeWatch(following, watch);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof CliError ? error.code : undefined;
}

/** Asking again may help. */
function passes(error: unknown): boolean {
  if (error instanceof CliError && error.exit === "unreachable") return true;
  return codeOf(error) === "storage_unavailable" || codeOf(error) === BROKEN_OFF;
}

async function openWatch({ api, sessionId, reason, originals }: Following): Promise<string> {
  const call = (await api()).POST("/v1/sessions/{id}/watches", {
    params: { path: { id: sessionId } },
    body: { reason, ...(originals ? { originals } : {}) },
  });
  return (await answer(call)).id;
}

async function closeWatch({ api, sessionId, signal }: Following, watch: string): Promise<void> {
  try {
    const path = { id: sessionId, watch };
    // whoever leaves does not wait for a server that is away
    const timeout = AbortSignal.timeout(signal.aborted ? 1_000 : 5_000);
    await answer((await api()).DELETE("/v1/sessions/{id}/watches/{watch}", { params: { path }, signal: timeout }));
  } catch {
    // it ends by itself
  }
}

interface Position {
  readonly after: number;
  readonly more: boolean;
  readonly ended: string | null;
}

async function ask(
  { api, sessionId, signal }: Following,
  watch: string,
  after: number,
): Promise<Followed & { readonly position: number }> {
  const call = (await api()).GET("/v1/sessions/{id}/watches/{watch}/events", {
    params: { path: { id: sessionId, watch }, query: { after } },
    parseAs: "stream",
    signal,
  });
  const body = await answer(call);
  const events: SessionEvent[] = [];
  let position: Position | undefined;
  for await (const line of body === null || body === undefined ? [] : recordedLines(body)) {
    if (isEvent(line)) events.push(line);
    else if (isPosition(line)) position = line.watch;
  }
  if (position === undefined) throw new CliError("failure", "the server's answer broke off", { code: BROKEN_OFF });
  // the recording says it before the control plane knows
  const end = events.findLast((event) => event.type === "session_ended");
  return { events, more: position.more, ended: end?.reason ?? position.ended, position: position.after };
}

function isPosition(line: object): line is { watch: Position } {
  return "watch" in line;
}
