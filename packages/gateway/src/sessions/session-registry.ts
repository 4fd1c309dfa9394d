import type { ControlPlane } from "@tidewaiter/core";
import type { GatewaySession } from "./gateway-session.ts";
import type { LabelDecisions } from "./label-decisions.ts";
import type { LoginDesk } from "./login-desk.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import type { ReviewDesk } from "./review-desk.ts";

/** A lease lasts 5 s beyond its last renewal. */
const RENEW_EVERY_MS = 2_000;
/** A lease ends by the clock, also while a renewal hangs. */
const LOOK_EVERY_MS = 500;
/** Without the control plane a session lives on this long, refusing everything new. */
const LOST_AFTER_MS = 60_000;
const CHANGES_WAIT_MS = 20_000;
const RETRY_MS = 1_000;
/** The id under which the control plane announces a new set of grant keys. */
const GRANT_KEYS = "grant_keys";

export interface RegistryOptions {
  readonly controlPlane: ControlPlane;
  readonly gatewayId: string;
  readonly policy: PolicyInForce;
  readonly labelDecisions: LabelDecisions;
  readonly reviews: ReviewDesk;
  readonly logins: LoginDesk;
  /** A cancel request, or its answer, from another gateway. */
  readonly onCancel: (change: string) => void;
  /** The keys that sign session grants changed. */
  readonly onGrantKeys: () => Promise<void>;
  /** An agent came, went, or was removed; its sessions have been looked at. */
  readonly onAgent: (agentId: string) => Promise<void>;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

/** The live sessions of this gateway: renews their leases, and follows the control plane's changes so that revocation is felt at once. */
export class SessionRegistry {
  readonly #options: RegistryOptions;
  readonly #sessions = new Map<string, GatewaySession>();
  readonly #stop = new AbortController();
  readonly #timers: readonly NodeJS.Timeout[];
  #lostSince: number | undefined;
  #renewing: Promise<void> | undefined;
  #renewingNext: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => void this.renew(), RENEW_EVERY_MS).unref(),
      setInterval(() => this.#look(), LOOK_EVERY_MS).unref(),
    ];
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: GatewaySession): void {
    this.#sessions.set(session.authorized.id, session);
  }

  remove(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }

  /** Starts to follow changes from now on. */
  follow(): void {
    this.#following ??= this.#follow();
  }

  /** A renewal that runs may have been decided before what the caller knows of: then one more follows it. */
  renew(): Promise<void> {
    if (this.#renewing === undefined) {
      this.#renewing = this.#renew().finally(() => {
        this.#renewing = undefined;
      });
      return this.#renewing;
    }
    this.#renewingNext ??= this.#renewing.then(() => {
      this.#renewingNext = undefined;
      return this.renew();
    });
    return this.#renewingNext;
  }

  async #renew(): Promise<void> {
    if (this.#sessions.size === 0) return;
    try {
      const renewals = [...this.#sessions.values()].map((session) => ({
        sessionId: session.authorized.id,
        counters: session.counters,
      }));
      const leases = await this.#options.controlPlane.renewLeases(this.#options.gatewayId, renewals);
      this.#reached();
      for (const lease of leases) {
        const session = this.#sessions.get(lease.sessionId);
        if (lease.ok) session?.renewed(lease);
        else session?.interrupt({ type: "revoked", reason: lease.reason });
      }
    } catch (error) {
      this.#unreachable(error instanceof Error ? error.message : String(error));
    }
  }

  async close(reason: string): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stop.abort();
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.interrupt({ type: "shutdown", reason });
    await Promise.all(sessions.map((session) => session.end(reason)));
    await this.#following;
  }

  #reached(): void {
    if (this.#lostSince === undefined) return;
    this.#lostSince = undefined;
    this.#options.log("control plane reached again", {});
    for (const session of this.#sessions.values()) session.interrupt({ type: "control_plane", reachable: true });
  }

  #unreachable(error: string): void {
    if (this.#lostSince === undefined) {
      this.#lostSince = Date.now();
      this.#options.log("control plane out of reach", { error });
    }
    this.#look();
  }

  /** What runs out while nothing is heard of the control plane: leases, then patience. */
  #look(): void {
    const now = Date.now();
    for (const session of this.#sessions.values()) {
      if (Date.parse(session.authorized.leaseExpiresAt) <= now) {
        if (this.#lostSince === undefined) return this.#unreachable("leases ran out while a renewal was under way");
        session.interrupt({ type: "control_plane", reachable: false });
      }
      if (this.#lostSince !== undefined && now - this.#lostSince > LOST_AFTER_MS)
        session.interrupt({
          type: "control_plane_lost",
          reason: "the control plane has been out of reach for a minute",
        });
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let since: number | undefined;
    while (!signal.aborted) {
      try {
        // asking from beyond the end tells where the end is
        const batch = await this.#options.controlPlane.changes(
          since ?? Number.MAX_SAFE_INTEGER,
          since === undefined ? 0 : CHANGES_WAIT_MS,
          signal,
        );
        // what changed while nobody listened is covered by one look at everything
        if (since === undefined) await this.#lookAgain();
        since = batch.last;
        await this.#changed(batch.changes);
      } catch (error) {
        if (signal.aborted) return;
        this.#unreachable(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #lookAgain(): Promise<void> {
    this.#options.labelDecisions.missed();
    await this.#options.policy.refresh();
    await this.#options.logins.lookAgain();
    await this.renew();
  }

  async #changed(changes: Awaited<ReturnType<ControlPlane["changes"]>>["changes"]): Promise<void> {
    // somebody waits for these
    for (const change of changes) if (change.kind === "cancel") this.#options.onCancel(change.id);
    const kinds = new Set(changes.map((change) => change.kind));
    if (kinds.has("policy")) await this.#options.policy.refresh();
    for (const change of changes) if (change.kind === "labels") this.#options.labelDecisions.changed(change.id);
    for (const change of changes) if (change.kind === "review") await this.#options.reviews.changed(change.id);
    for (const change of changes) if (change.kind === "browser_login") await this.#options.logins.changed(change.id);
    if (changes.some((change) => change.kind === "agent" && change.id === GRANT_KEYS))
      await this.#options.onGrantKeys();
    kinds.delete("policy");
    kinds.delete("review");
    kinds.delete("labels");
    kinds.delete("browser_login");
    kinds.delete("cancel");
    kinds.delete("recording");
    if (kinds.size > 0) await this.renew();
    for (const change of changes)
      if (change.kind === "agent" && change.id !== GRANT_KEYS) await this.#options.onAgent(change.id);
  }
}
