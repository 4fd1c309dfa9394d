import type { ControlPlane } from "@tidewaiter/core";
import type { TunnelHub } from "./tunnel-hub/index.ts";

/** The old key still signs for ten minutes after a rotation: by then every agent must have heard of the new one. */
const RECONNECT_WITHIN_MS = 8 * 60_000;
const LOOK_EVERY_MS = 15_000;

type Keys = Awaited<ReturnType<ControlPlane["grantKeys"]>>;

/**
 * The keys that sign session grants, as agents are told of them. An agent learns of a rotation when it connects, and its
 * sessions end with its tunnel: so an agent is made to connect again while it carries nothing, and only at the end anyway.
 */
export class GrantKeys {
  readonly #controlPlane: Pick<ControlPlane, "grantKeys">;
  #keys: Keys = { keys: [] };
  #timer: NodeJS.Timeout | undefined;

  constructor(controlPlane: Pick<ControlPlane, "grantKeys">) {
    this.#controlPlane = controlPlane;
  }

  get current(): Keys {
    return this.#keys;
  }

  async load(): Promise<void> {
    this.#keys = await this.#controlPlane.grantKeys();
  }

  async rotated(hub: TunnelHub): Promise<void> {
    await this.load();
    this.close();
    const since = Date.now();
    const look = (): void => {
      const late = Date.now() - since > RECONNECT_WITHIN_MS;
      const old = hub.agents().filter((agent) => agent.connectedAt.getTime() < since);
      for (const agent of old) if (late || agent.streams === 0) hub.disconnect(agent.id, "grant keys were rotated");
      if (late || old.every((agent) => agent.streams === 0)) this.close();
    };
    this.#timer = setInterval(look, LOOK_EVERY_MS);
    this.#timer.unref();
    look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
