import { setTimeout as delay } from "node:timers/promises";
import type { Admission, ByteMeter, KubeOperation } from "@tidewaiter/core";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import { refuseUpgrade, type UpgradeExchange } from "../accept-client/exchange.ts";
import { admit, finish, type KubeContext } from "../session/context.ts";
import { toTarget } from "../session/headers.ts";
import { refuseUnreadUpgrade } from "../session/unread.ts";
import { refusalStatus } from "../session/words.ts";
import type { SpdyConnection } from "../spdy/connection.ts";
import { acceptPortForward, type ForwardClient, type ForwardConnection } from "./accept-port-forward.ts";
import { openPortForward } from "./open-port-forward.ts";
import { ended } from "./remote-command.ts";
import { readSmall, redacted, statusOfError, statusOfResponse } from "./stream-status.ts";
import { shownCommand } from "./wish.ts";

/** How long clients have to read why their connections were ended. */
const GOODBYE_MS = 300;
/** How long a reason is waited for where a connection did not come about. */
const REASON_MS = 1_000;

/**
 * port-forward, from the request to its end. There is no place in it where a client would be told that it waits, and a
 * refusal after the upgrade shows only when somebody connects. So it is judged before, and a person is asked with a ticket.
 */
export async function relayPortForward({
  upgrade,
  operation,
  context,
  interrupted,
}: {
  readonly upgrade: UpgradeExchange;
  readonly operation: KubeOperation;
  readonly context: KubeContext;
  /** Why the session ended from outside. */
  readonly interrupted: Promise<string>;
}): Promise<void> {
  const acceptance = acceptPortForward(upgrade);
  if (!acceptance.ok) return refuseUnreadUpgrade(upgrade, { context, operation, status: acceptance.status });
  const startedAt = Date.now();
  const signal = AbortSignal.any([upgrade.signal, context.signal]);
  const text = shownCommand(operation, { stdin: false, stdout: false, stderr: false, tty: false });
  const admission = await admit(context, { operation, text, ticketOnly: true, signal });
  if (!admission.ok) return refuseUpgrade(upgrade, refusalStatus(operation, admission, "not opened"));
  const done = (result: "completed" | "error" | "canceled", tag: string, bytes = 0): void =>
    finish(context, admission.operation, { result, tag, bytes, startedAt });
  let upstream: SpdyConnection;
  try {
    const opened = await openPortForward({
      target: context.target,
      path: upgrade.path,
      headers: toTarget(upgrade.headers),
      transport: acceptance.transport,
      signal,
    });
    if (!opened.ok) {
      done("error", String(opened.response.statusCode ?? 0));
      return refuseUpgrade(upgrade, await statusOfResponse(opened.response, redacted(context)));
    }
    upstream = opened.connection;
  } catch (error) {
    done(signal.aborted ? "canceled" : "error", "not opened");
    if (signal.aborted) return void upgrade.socket.destroy();
    return refuseUpgrade(upgrade, statusOfError(error, context));
  }
  const forwards = new Forwards({ context, interrupted, operation, admission, upstream });
  const client = acceptance.accept((connection) => forwards.add(connection));
  const bytes = await forwards.run(client);
  if (!context.signal.aborted) done("completed", "forward", bytes);
}

function notOpened({ name }: KubeOperation, port: number): string {
  return `error forwarding port ${port} to pod ${name}: not opened`;
}

interface ForwardsOptions {
  readonly context: KubeContext;
  readonly interrupted: Promise<string>;
  readonly operation: KubeOperation;
  readonly admission: Extract<Admission, { ok: true }>;
  readonly upstream: SpdyConnection;
}

/** The connections of one port-forward. */
class Forwards {
  readonly #options: ForwardsOptions;
  readonly #meter: ByteMeter;
  readonly #open = new Set<ForwardConnection>();
  readonly #stopped = Promise.withResolvers<string>();
  #client: ForwardClient | undefined;
  #requests = 0;
  #bytes = 0;

  constructor(options: ForwardsOptions) {
    this.#options = options;
    this.#meter = options.context.session.meter(options.admission.verdict);
  }

  /** Until either side or the session ends; how many bytes the client was sent. */
  async run(client: ForwardClient): Promise<number> {
    const { context, interrupted, upstream } = this.#options;
    this.#client = client;
    if (this.#requests > 0 && this.#open.size === 0) client.idle();
    const why = await Promise.race([
      Promise.race([client.over, upstream.over]).then(() => undefined),
      interrupted.then((reason) => `the session on ${context.resource} has ended: ${reason}`),
      this.#stopped.promise,
    ]);
    if (why !== undefined) {
      for (const { error, data } of this.#open) {
        error.end(why);
        data.destroy();
      }
      await Promise.race([client.over, delay(GOODBYE_MS)]);
    }
    upstream.destroy();
    client.destroy();
    this.#meter.end();
    return this.#bytes;
  }

  add(connection: ForwardConnection): void {
    const { operation } = this.#options;
    const { data, error, port } = connection;
    this.#open.add(connection);
    // only its peer writes it
    error.resume();
    const failed = (): void => {
      if (!error.writableEnded) error.end(notOpened(operation, port));
      data.destroy();
    };
    void this.#carry(connection)
      .catch(failed)
      .finally(() => {
        this.#open.delete(connection);
        if (this.#open.size === 0) this.#client?.idle();
      });
  }

  async #carry({ port, data, error }: ForwardConnection): Promise<void> {
    const { context, operation, admission, upstream } = this.#options;
    const { session } = context;
    const startedAt = Date.now();
    const headers = { port: String(port), requestid: String(this.#requests++) };
    const theirError = await upstream.open({ ...headers, streamtype: "error" });
    // it is not written to
    theirError.end();
    const said = readSmall(theirError).then((text) => redacted(context)(text.toString("utf8")));
    const theirData = await upstream.open({ ...headers, streamtype: "data" }).catch(() => undefined);
    if (theirData === undefined) {
      // it may have failed so soon that the stream was reset before it was answered
      error.end((await Promise.race([said, delay(REASON_MS)])) || notOpened(operation, port));
      return void data.destroy();
    }
    let bytesToTarget = 0;
    let bytesToClient = 0;
    data.once("reset", () => theirData.destroy());
    theirData.once("reset", () => data.destroy());
    const up = pump(data, theirData, (chunk) => {
      bytesToTarget += chunk.length;
      session.count("target", chunk.length);
      return chunk;
    }).then(() => theirData.end());
    const down = pump(
      theirData,
      data,
      (chunk) => {
        bytesToClient += chunk.length;
        session.count("client", chunk.length);
        return chunk;
      },
      (bytes) => this.#granted(bytes),
    ).then(() => data.end());
    const told = said.then((text) => {
      if (text !== "") error.write(text);
      return ended(error);
    });
    await Promise.all([up, down, told]);
    this.#bytes += bytesToClient;
    if (context.signal.aborted) return;
    const to = `${operation.name}:${port}`;
    const durationMs = Date.now() - startedAt;
    const at = Date.now();
    session.record({
      at,
      type: "forward",
      operation: admission.operation,
      to,
      bytesToTarget,
      bytesToClient,
      durationMs,
    });
  }

  #granted(bytes: number): true | Promise<boolean> {
    const allowed = this.#meter.take(bytes);
    if (allowed === true) return true;
    return allowed.then((granted) => {
      const rule = this.#meter.exceeded?.ruleId ?? "";
      const { resource } = this.#options.context;
      if (!granted) this.#stopped.resolve(`stopped on ${resource}: the budget of bytes is spent [${rule}]`);
      return granted;
    });
  }
}
