import type { Admission, HeldOperation } from "@tidewaiter/core";
import type { ClientChannel, PseudoTtyInfo, PseudoTtyOptions, ServerChannel, Session, WindowChangeInfo } from "ssh2";
import { ChannelLending, type Lent } from "../lending/channel-lending.ts";
import { Allowance } from "./allowance.ts";
import { type Admitted, admit, finish, type SshContext } from "./context.ts";
import { isProtocol } from "./is-protocol.ts";
import { Latest } from "./latest.ts";
import { type Asked, asksOfChannel, type ChannelRequest } from "./operations.ts";
import { type Exit, exitOf, relayExec } from "./relay-exec.ts";
import { relaySftp } from "./relay-sftp.ts";
import { relayTerminal, type TerminalSizeChange } from "./relay-terminal.ts";
import type { NotChosen, ResourceChoice } from "./resource-choice.ts";
import { approvedText, EXIT_FAILED, EXIT_REFUSED, heldText, refusalText, spoken } from "./words.ts";

const MAX_ENV = 64;
/** Of all of one channel. */
const MAX_ENV_BYTES = 32 * 1024;
/** A window that is dragged changes with every pixel. */
const RESIZE_APART_MS = 100;
/** No screen has more, and a recording is played on others. */
const MAX_SIZE = 1000;
const SIGNALS = { most: 20, perSecond: 5 };
const SFTP_SERVER = "sftp-server";

type Refusal = Extract<Admission, { ok: false }>;

interface Upstream {
  readonly upstream: ClientChannel;
  readonly exited: Promise<Exit>;
}

type ResizeListener = (size: TerminalSizeChange) => void;

type Wish = Omit<ChannelRequest, "terminal">;

export interface SessionChannelInput {
  readonly context: Promise<SshContext | string>;
  readonly choice: Promise<ResourceChoice | undefined>;
  readonly ended: Promise<string>;
}

/** One session channel of the client (RFC 4254, section 6), from its open to its close. */
export class SessionChannel {
  readonly #context: Promise<SshContext | string>;
  readonly #choice: Promise<ResourceChoice | undefined>;
  readonly #ended: Promise<string>;
  readonly #env: Record<string, string> = {};
  readonly #gone = new AbortController();
  #pty: PseudoTtyInfo | undefined;
  #upstream: ClientChannel | undefined;
  #resized: ResizeListener | undefined;
  readonly #window = new Latest<WindowChangeInfo>(RESIZE_APART_MS, (size) => {
    this.#upstream?.setWindow(size.rows, size.cols, size.height, size.width);
    this.#resized?.(size);
  });
  readonly #signals = new Allowance(SIGNALS);
  readonly #lending: ChannelLending;
  #envBytes = 0;

  /**
   * @param context of the connection once it is there; a text when it will not be, which every channel is told
   * @param choice where the client has not said which resource it wants
   * @param ended from outside, with the reason
   */
  constructor(session: Session, { context, choice, ended }: SessionChannelInput) {
    this.#context = context;
    this.#choice = choice;
    this.#ended = ended;
    this.#lending = new ChannelLending(context);
    session.on("close", () => {
      this.#window.stop();
      this.#gone.abort();
    });
    session.on("pty", (accept, _reject, info) => {
      this.#pty = { ...info, ...bounded(info) };
      accept?.();
    });
    session.on("env", (accept, reject, { key, val }) => {
      this.#envBytes += key.length + val.length;
      const fits = Object.keys(this.#env).length < MAX_ENV && this.#envBytes <= MAX_ENV_BYTES;
      if (!fits) return void reject?.();
      this.#env[key] = val;
      accept?.();
    });
    session.on("window-change", (accept, _reject, info) => {
      accept?.();
      const size = bounded(info);
      if (this.#pty !== undefined) this.#pty = { ...this.#pty, ...size };
      this.#window.set(size);
    });
    session.on("signal", (accept, reject, { name }) => {
      if (!this.#signals.take()) return void reject?.();
      accept?.();
      try {
        this.#upstream?.signal(name);
      } catch {
        // a name that no system has: nothing is sent
      }
    });
    session.on("auth-agent", (accept) => {
      accept?.();
      this.#lending.wants("auth-agent");
    });
    session.on("x11", (accept, _reject, info) => {
      accept?.();
      this.#lending.wants("x11", info);
    });
    session.on("shell", (accept) => void this.#start(accept(), { kind: "shell", command: "" }));
    session.on("exec", (accept, _reject, { command }) => void this.#start(accept(), { kind: "exec", command }));
    session.on(
      "subsystem",
      (accept, _reject, { name }) =>
        // without a listener for sftp the channel of that subsystem comes as bytes, like any other
        void this.#start(accept() as unknown as ServerChannel, { kind: "subsystem", command: name }),
    );
  }

  async #start(channel: ServerChannel | undefined, wish: Wish): Promise<void> {
    this.#lending.start();
    if (channel === undefined) return;
    channel.on("error", () => {});
    // a stream of its own: what is told to a client that has closed the channel ends here
    channel.stderr.on("error", () => {});
    // also when that was before it asked for anything
    void this.#ended.then((reason) => {
      if (!this.#gone.signal.aborted) this.#say(channel, [`the session has ended: ${reason}`], EXIT_FAILED);
    });
    const unmade = await this.#choose(channel, wish);
    if (unmade !== undefined) return this.#say(channel, unmade.lines, unmade.code);
    const context = await this.#context;
    if (typeof context === "string") return this.#say(channel, [context], EXIT_FAILED);
    try {
      await this.#run(context, channel, wish);
    } catch {
      this.#say(channel, [`${context.resource} did not take the request, or the recording failed`], EXIT_FAILED);
    }
  }

  /** Asks which resource, where the client has not said it; undefined when there is one, or none to come. */
  async #choose(channel: ServerChannel, { kind }: Wish): Promise<NotChosen | undefined> {
    const choice = await this.#choice;
    return choice?.offer({
      channel,
      terminal: kind === "shell" ? this.#pty : undefined,
      resizes: (listener) => this.#resizes(listener),
      signal: this.#gone.signal,
    });
  }

  #resizes(listener: ResizeListener | undefined): void {
    this.#resized = listener;
  }

  async #run(context: SshContext, channel: ServerChannel, wish: Wish): Promise<void> {
    const startedAt = Date.now();
    const { reading, transfers, asked } = asksOfChannel({ ...wish, terminal: this.#pty !== undefined });
    const admitted = await this.#admitAll(context, channel, asked);
    if (admitted === undefined) return;
    const [first] = admitted;
    if (first === undefined || this.#gone.signal.aborted || context.signal.aborted) return;
    const { upstream, exited } = await this.#openLending(context, channel, wish);
    this.#upstream = upstream;
    upstream.on("error", () => {});
    upstream.stderr.on("error", () => {});
    // the client may have left meanwhile
    if (this.#gone.signal.aborted) {
      upstream.close();
      return finish(context, first.operation, { result: "canceled", tag: "left", bytes: 0, startedAt });
    }
    this.#gone.signal.addEventListener("abort", () => upstream.close(), { once: true });
    const shared = { context, channel, upstream, exited, admission: first, startedAt, signal: this.#gone.signal };
    // what speaks SFTP is read as SFTP, however it was started
    if ((wish.kind === "subsystem" && wish.command === "sftp") || reading?.seen.includes(SFTP_SERVER) === true)
      return relaySftp(shared);
    if (this.#pty !== undefined) {
      const resizes = (listener: ResizeListener | undefined): void => this.#resizes(listener);
      return relayTerminal({ ...shared, size: this.#pty, resizes, typed: wish.kind === "shell" });
    }
    const raw = reading !== undefined && isProtocol(reading);
    const scp = transfers.find(({ via }) => via === "scp");
    const moves = transfers.map((transfer, index) => ({ ...transfer, operation: admitted[index + 1]?.operation ?? 0 }));
    return relayExec({ ...shared, raw, scp, moves });
  }

  /** The command itself, then each file that it moves; the first that is refused ends the channel. */
  async #admitAll(
    context: SshContext,
    channel: ServerChannel,
    asked: readonly Asked[],
  ): Promise<readonly Admitted[] | undefined> {
    const admitted: Admitted[] = [];
    for (const each of asked) {
      const onHeld = (held: HeldOperation): void => void channel.stderr.write(this.#spoken(heldText(held)));
      const admission = await admit(context, { ...each, signal: this.#gone.signal, onHeld });
      if (!admission.ok) {
        const startedAt = Date.now();
        for (const { operation: number } of admitted)
          finish(context, number, { result: "refused", tag: "transfer", bytes: 0, startedAt });
        this.#refused(channel, context, admission);
        return undefined;
      }
      if (admission.approval !== undefined) channel.stderr.write(this.#spoken([approvedText(admission.approval)]));
      admitted.push(admission);
    }
    return admitted;
  }

  #refused(channel: ServerChannel, context: SshContext, refusal: Refusal): void {
    this.#say(channel, [refusalText(context.resource, "not run", refusal)], EXIT_REFUSED);
  }

  #say(channel: ServerChannel, lines: readonly string[], code: number): void {
    channel.stderr.write(this.#spoken(lines));
    channel.exit(code);
    channel.end();
  }

  #spoken(lines: readonly string[]): string {
    return spoken(lines, this.#pty === undefined ? "\n" : "\r\n");
  }

  /** With what the client lends; a target that does not take it runs the command without. */
  async #openLending(context: SshContext, channel: ServerChannel, wish: Wish): Promise<Upstream> {
    const { signal } = this.#gone;
    const tell = (lines: readonly string[]): void => {
      if (!signal.aborted) channel.stderr.write(this.#spoken(lines));
    };
    const lender = { signal, tell, terminal: this.#pty !== undefined };
    const lent = wish.kind === "subsystem" ? undefined : await this.#lending.judge(context, lender);
    if (lent === undefined) return this.#open(context, wish);
    try {
      return await this.#open(context, wish, lent.options);
    } catch {
      lent.refused();
      tell([`${context.resource} takes no ${lent.options.x11 === undefined ? "agent" : "X11"} forwarding`]);
      return this.#open(context, wish);
    }
  }

  #open({ target, session }: SshContext, { kind, command }: Wish, lent: Lent["options"] = {}): Promise<Upstream> {
    const { principal, id } = session.authorized;
    // a server passes them on only where its AcceptEnv says so
    const env = { ...this.#env, TIDEWAITER_PRINCIPAL: principal.name, TIDEWAITER_SESSION: id };
    const { promise, resolve, reject } = Promise.withResolvers<Upstream>();
    const opened = (error: Error | undefined, upstream: ClientChannel): void => {
      if (error !== undefined && error !== null) return reject(error);
      // here and now: the exit may stand in the very bytes that brought the answer
      resolve({ upstream, exited: exitOf(upstream) });
    };
    const pty = this.#pty as PseudoTtyOptions | undefined;
    if (kind === "shell") target.shell(pty ?? false, { env, ...lent }, opened);
    else if (kind === "exec") target.exec(command, { env, ...(pty && { pty }), ...lent }, opened);
    else target.subsys(command, opened);
    return promise;
  }
}

function bounded({ rows, cols, height, width }: WindowChangeInfo): WindowChangeInfo {
  return { rows: Math.min(rows, MAX_SIZE), cols: Math.min(cols, MAX_SIZE), height, width };
}
