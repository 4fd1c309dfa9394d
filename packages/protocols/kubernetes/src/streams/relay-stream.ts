import type { HeldOperation, KubeOperation } from "@tidewaiter/core";
import { approvedText, heldText } from "@tidewaiter/toolkit/terminal/review-words";
import { refuseUpgrade, type UpgradeExchange } from "../accept-client/exchange.ts";
import { admit, finish, type KubeContext } from "../session/context.ts";
import { toTarget } from "../session/headers.ts";
import { refuseUnreadUpgrade } from "../session/unread.ts";
import { refusalText } from "../session/words.ts";
import { failure, type KubeStatus } from "../status.ts";
import { acceptRemoteCommand } from "./accept-remote-command.ts";
import { ClientEnd } from "./client-end.ts";
import { interruptionOf } from "./interruption.ts";
import { openRemoteCommand } from "./open-remote-command.ts";
import { relayPortForward } from "./relay-port-forward.ts";
import { relayRemoteCommand } from "./relay-remote-command.ts";
import { redacted, statusOfError, statusOfResponse } from "./stream-status.ts";
import { typedShell } from "./typed-shell.ts";
import { queryOf, readWish, type StreamWish, shownCommand } from "./wish.ts";

const CTRL_C = 0x03;
/** From the end of a session to that of its streams, whatever their clients do. */
const INTERRUPTED_MS = 2_000;

/** Of one session, those that wait for a person included. */
const MAX_STREAMS = 128;
const openStreams = new WeakMap<KubeContext, number>();

/** exec, attach or port-forward, from the request to its end. Never rejects. */
export async function relayStream(
  upgrade: UpgradeExchange,
  operation: KubeOperation,
  context: KubeContext,
): Promise<void> {
  const { socket } = upgrade;
  socket.on("error", () => socket.destroy());
  const open = openStreams.get(context) ?? 0;
  if (open >= MAX_STREAMS) {
    const status = failure("Forbidden", `more than ${MAX_STREAMS} streams are open with this token`);
    return refuseUnreadUpgrade(upgrade, { context, operation, status });
  }
  openStreams.set(context, open + 1);
  const interruption = interruptionOf(context);
  // whoever does not read what is said to the end of the session loses it
  void interruption.reason.then(() => setTimeout(() => socket.destroy(), INTERRUPTED_MS).unref());
  const interrupted = interruption.reason;
  try {
    if (operation.subresource === "portforward")
      return await relayPortForward({ upgrade, operation, context, interrupted });
    const wish = readWish(upgrade.query);
    const acceptance = acceptRemoteCommand(upgrade, wish);
    if (!acceptance.ok) return refuseUnreadUpgrade(upgrade, { context, operation, status: acceptance.status });
    const { transport } = acceptance;
    const accept = async () => new ClientEnd(await acceptance.accept(), wish.tty);
    await new RemoteCommandRequest({ upgrade, operation, context, interrupted, wish, transport, accept }).run();
  } catch {
    socket.destroy();
  } finally {
    interruption.forget();
    openStreams.set(context, (openStreams.get(context) ?? 1) - 1);
  }
}

interface RequestOptions {
  readonly upgrade: UpgradeExchange;
  readonly operation: KubeOperation;
  readonly context: KubeContext;
  readonly interrupted: Promise<string>;
  readonly wish: StreamWish;
  readonly transport: "websocket" | "spdy";
  readonly accept: () => Promise<ClientEnd>;
}

/**
 * The client's upgrade is taken only when there is something to say to it: a hold, a refusal, or the API server's own yes.
 * So its no reaches the client as it is, and kubectl shows it as it would without the gateway.
 */
class RemoteCommandRequest {
  readonly #options: RequestOptions;
  readonly #left = new AbortController();
  #client: Promise<ClientEnd> | undefined;
  /** Ends looking at what is typed during the wait. */
  #waits: (() => void) | undefined;

  constructor(options: RequestOptions) {
    this.#options = options;
    const { upgrade, interrupted } = options;
    const leave = (): void => this.#left.abort();
    upgrade.signal.addEventListener("abort", leave, { once: true });
    void interrupted.then(leave);
    if (upgrade.signal.aborted) leave();
  }

  async run(): Promise<void> {
    const { context, interrupted, wish, upgrade, transport } = this.#options;
    const typed = typedShell(this.#options.operation, wish);
    const operation = typed ?? this.#options.operation;
    const startedAt = Date.now();
    const admission = await admit(context, {
      operation,
      text: shownCommand(operation, wish),
      signal: this.#left.signal,
      onHeld: (held) => void this.#hold(held).catch(() => this.#left.abort()),
    });
    this.#waits?.();
    if (!admission.ok) {
      if (context.signal.aborted) return this.#interrupted();
      const client = await this.#accepted();
      const text = refusalText(operation, admission, "not run");
      client.explain(text);
      return client.finish(failure("Forbidden", text));
    }
    const done = (result: "error" | "canceled", tag: string): void =>
      finish(context, admission.operation, { result, tag, bytes: 0, startedAt });
    if (admission.approval !== undefined) (await this.#accepted()).say([approvedText(admission.approval)]);
    try {
      const opened = await openRemoteCommand({
        target: context.target,
        path: upgrade.path,
        query: queryOf(operation, wish),
        headers: toTarget(upgrade.headers),
        wish,
        transport,
        signal: this.#left.signal,
      });
      if (!opened.ok) {
        done("error", String(opened.response.statusCode ?? 0));
        return this.#refused(await statusOfResponse(opened.response, redacted(context)));
      }
      const upstream = opened.command;
      const client = await this.#accepted().catch((error: unknown) => {
        upstream.destroy();
        throw error;
      });
      return await relayRemoteCommand({
        context,
        interrupted,
        operation,
        client,
        upstream,
        admission,
        startedAt,
        typed: typed !== undefined,
      });
    } catch (error) {
      if (this.#left.signal.aborted) {
        done("canceled", "client left");
        return this.#interrupted();
      }
      done("error", "not opened");
      await this.#refused(statusOfError(error, context));
    }
  }

  #accepted(): Promise<ClientEnd> {
    if (this.#client === undefined) {
      this.#client = this.#options.accept();
      void this.#client.then(
        (client) => client.command.over.then(() => this.#left.abort()),
        () => this.#left.abort(),
      );
    }
    return this.#client;
  }

  /** The wait is told, and taken back by Ctrl-C in a terminal. */
  async #hold(held: HeldOperation): Promise<void> {
    const client = await this.#accepted();
    client.say(heldText(held));
    if (!client.tty) return;
    const { stdin } = client.command;
    const look = (chunk: Buffer): void => {
      if (chunk.includes(CTRL_C)) this.#left.abort();
    };
    stdin?.on("arrived", look);
    this.#waits = () => void stdin?.off("arrived", look);
  }

  async #refused(status: KubeStatus): Promise<void> {
    if (this.#client === undefined) return refuseUpgrade(this.#options.upgrade, status);
    const client = await this.#client;
    await client.finish(status);
  }

  async #interrupted(): Promise<void> {
    const { context, upgrade, interrupted } = this.#options;
    if (!context.signal.aborted) return void upgrade.socket.destroy();
    const words = `the session on ${context.resource} has ended: ${await interrupted}`;
    const client = await this.#accepted();
    client.explain(words);
    await client.cut(failure("Forbidden", words));
  }
}
