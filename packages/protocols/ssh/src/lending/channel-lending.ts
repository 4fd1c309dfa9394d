import type { X11Info, X11Options } from "ssh2";
import { admit, finish, type SshContext } from "../session/context.ts";
import { askOfBorrowing, type Lendable } from "../session/operations.ts";
import { approvedText, heldText, refusalText } from "../session/words.ts";

const NAMES = { "auth-agent": "agent", x11: "X11" } as const;
/** Of what a client says about its screen. */
const MAX_X11_TEXT = 256;

/** What is asked of the target when a shell or a command starts, and how it is taken back where it refuses. */
export interface Lent {
  /** As ssh2 takes them. */
  readonly options: { readonly agentForward?: true; readonly x11?: X11Options };
  /** The lending is over before it began. */
  readonly refused: () => void;
}

export interface LendingChannel {
  /** Aborted when the channel has closed. */
  readonly signal: AbortSignal;
  readonly terminal: boolean;
  readonly tell: (lines: readonly string[]) => void;
}

/** What one session channel wants to lend (RFC 4254, 6.3.1; OpenSSH, PROTOCOL.agent): asked before its command, judged with it. */
export class ChannelLending {
  readonly #context: Promise<SshContext | string>;
  readonly #wanted = new Map<Lendable, X11Options | undefined>();
  readonly #late = new Set<Lendable>();
  #started = false;

  constructor(context: Promise<SshContext | string>) {
    this.#context = context;
  }

  /** Nothing is answered about it: a channel is told in words what it does not get. */
  wants(kind: Lendable, screen?: X11Info): void {
    if (this.#started) return void this.#tooLate(kind);
    const x11 = screen && x11Options(screen);
    if (kind === "auth-agent" || x11 !== undefined) this.#wanted.set(kind, x11);
  }

  /** The command is there: what is asked for from now on comes too late. */
  start(): void {
    this.#started = true;
  }

  /** Undefined where nothing is lent. Each thing is an operation; what is refused leaves the command as it is. */
  async judge(context: SshContext, channel: LendingChannel): Promise<Lent | undefined> {
    const { signal, terminal, tell } = channel;
    const refused = new AbortController();
    const options: { agentForward?: true; x11?: X11Options } = {};
    for (const [kind, x11] of this.#wanted) {
      const onHeld = (held: Parameters<typeof heldText>[0]): void => tell(heldText(held));
      const admission = await admit(context, { ...askOfBorrowing(kind), signal, onHeld });
      if (!admission.ok) {
        // ssh says as much of X11; an agent is often lent by habit, and programs read what stands on stderr
        if (terminal || kind === "x11")
          tell([refusalText(context.resource, `${NAMES[kind]} not forwarded`, admission)]);
        continue;
      }
      const { operation, approval, verdict } = admission;
      if (approval !== undefined) tell([approvedText(approval)]);
      const ends = AbortSignal.any([signal, refused.signal]);
      const startedAt = Date.now();
      const finished = (): void =>
        refused.signal.aborted
          ? finish(context, operation, { result: "error", tag: "not taken", bytes: 0, startedAt })
          : finish(context, operation, { result: "completed", tag: "lent", bytes: 0, startedAt });
      if (ends.aborted) finished();
      else ends.addEventListener("abort", finished, { once: true });
      const approved = approval && { ...approval, ruleId: verdict.ruleId ?? "" };
      context.loans.add({ kind, tell, signal: ends, ...(approved && { approved }) });
      if (kind === "auth-agent") options.agentForward = true;
      else if (x11 !== undefined) options.x11 = x11;
    }
    if (Object.keys(options).length === 0) return undefined;
    return { options, refused: () => refused.abort() };
  }

  /** Recorded once for a channel, and never done. */
  async #tooLate(kind: Lendable): Promise<void> {
    if (this.#late.has(kind)) return;
    this.#late.add(kind);
    const context = await this.#context;
    if (typeof context === "string") return;
    const { signal } = context;
    // a session that is over records nothing any more
    const admission = await admit(context, { ...askOfBorrowing(kind), signal }).catch(() => undefined);
    if (admission?.ok !== true) return;
    const { operation } = admission;
    finish(context, operation, { result: "error", tag: "asked too late", bytes: 0, startedAt: Date.now() });
  }
}

/** Undefined for what no client says. The cookie is one that the client made up for this connection. */
function x11Options({ single, protocol, cookie, screen }: X11Info): X11Options | undefined {
  // ssh2 hands it over as bytes
  const hex = Buffer.from(cookie).toString("latin1");
  if (protocol.length > MAX_X11_TEXT || hex.length > MAX_X11_TEXT) return undefined;
  return { single, protocol, cookie: hex, screen };
}
