import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Services } from "../../services.ts";
import type { NotificationMessage } from "./channel.ts";
import { DeliveryError, type DeliveryTools } from "./delivery.ts";
import { NetworkGuard } from "./network-guard.ts";
import { sendEmail } from "./senders/email.ts";
import { sendSlack } from "./senders/slack.ts";
import { sendTeams } from "./senders/teams.ts";
import { sendWebhook } from "./senders/webhook.ts";
import type { Claimed } from "./store.ts";

export interface Sender {
  stop(): Promise<void>;
}

/** How often the outbox is looked at when nobody says that something is in it. */
const POLL_MS = 2_000;
const AT_ONCE = 8;
const ATTEMPT_MS = 30_000;
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 10 * 60_000;

/**
 * Sends what is in the outbox, as long as the process lives. A message that was taken and not acknowledged (a crash, a
 * receiver that is away) is taken again when its lease or its pause is over: at least once, and never lost before its
 * time is over. Several processes may run one each.
 */
export function startSender(services: Services, log: { warn(fields: object, message: string): void }): Sender {
  const { notifications } = services.store.units;
  const stopped = new AbortController();
  const bell = new Bell();
  const tools: DeliveryTools = {
    secret: async (reference) => (await services.secretResolver.resolve(reference)).value,
    guard: new NetworkGuard(services.deps.notificationNetworks ?? []),
    now: services.now,
  };
  const round = async (): Promise<boolean> => {
    // Looking takes no lock; taking does.
    const due = await notifications.nextDue();
    if (due === null || due > new Date(services.now()).toISOString()) return false;
    const claimed = await notifications.claim({ limit: AT_ONCE });
    await Promise.all(claimed.map((one) => sendOne(services, tools, one, stopped.signal)));
    return claimed.length > 0;
  };
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const more = await round().catch((error: unknown) => {
        log.warn({ error: error instanceof Error ? error.message : String(error) }, "notifications could not be sent");
        return false;
      });
      if (!more) await bell.wait(POLL_MS);
    }
  };
  const forget = services.store.onChange(() => bell.ring());
  const done = run();
  return {
    async stop() {
      stopped.abort();
      forget();
      bell.ring();
      await done;
    },
  };
}

/** Wakes the one who waits; who comes to wait after it rang does not wait. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        timer.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}

async function sendOne(
  services: Services,
  tools: DeliveryTools,
  claimed: Claimed,
  stopped: AbortSignal,
): Promise<void> {
  const { row } = claimed;
  const held = { id: row.id, leasedUntil: row.leasedUntil ?? "" };
  const { notifications } = services.store.units;
  try {
    await deliver(services, tools, claimed, AbortSignal.any([stopped, AbortSignal.timeout(ATTEMPT_MS)]));
    await notifications.sent(held);
  } catch (error) {
    const problem = toDeliveryError(error);
    if (problem.final) await notifications.failed({ ...held, error: problem.message });
    else {
      const retryAt = new Date(services.now() + retryAfter(row.attempts, problem)).toISOString();
      await notifications.failed({ ...held, error: problem.message, retryAt });
    }
  }
}

/** 5 s, 10 s, 20 s ... 10 min, a little spread, or what the receiver asked for. */
function retryAfter(attempts: number, { retryAfterMs }: DeliveryError): number {
  const doubled = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.max(retryAfterMs ?? 0, doubled * (0.8 + Math.random() * 0.4));
}

function toDeliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (error instanceof TidewaiterError) return new DeliveryError(error.detail, { cause: error });
  const aborted = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
  return new DeliveryError(aborted ? "it took too long" : "it could not be sent", { cause: error });
}

function deliver(
  services: Services,
  tools: DeliveryTools,
  { row, channel }: Claimed,
  signal: AbortSignal,
): Promise<void> {
  const { settings } = channel;
  const link = linkTo(services, row.message, row.recipientId === null ? undefined : row.id);
  switch (settings.type) {
    case "slack":
      return sendSlack({ settings, row, link, signal }, tools);
    case "teams":
      return sendTeams({ settings, row, link, signal }, tools);
    case "webhook":
      return sendWebhook({ settings, row, link, signal }, tools);
    case "email":
      return sendEmail({ settings, row, link, signal }, tools);
  }
}

/** A mail to one person gets a link of its own, that works once and for that person. */
function linkTo(services: Services, { path }: NotificationMessage, personalId: string | undefined): string {
  const web = services.deps.endpoints().web.replace(/\/+$/, "");
  return `${web}${personalId === undefined ? path : `/n/${services.notificationLinks.tokenFor(personalId)}`}`;
}
