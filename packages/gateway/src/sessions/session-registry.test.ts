import type { Change, ControlPlane } from "@tidewaiter/core";
import { eventually } from "@tidewaiter/testkit/eventually";
import { expect, it } from "vitest";
import type { GatewaySession } from "./gateway-session.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import { type RegistryOptions, SessionRegistry } from "./session-registry.ts";

/** A DOUBLE of the control plane and of a session: one change after the other, and what is asked because of it. */
function registryWith(kinds: readonly Change["kind"][]) {
  const asked: string[] = [];
  let sequence = 0;
  const controlPlane: Pick<ControlPlane, "changes" | "renewLeases"> = {
    changes: (since, _waitMs, signal) => {
      const kind = kinds[sequence];
      if (since === Number.MAX_SAFE_INTEGER) return Promise.resolve({ changes: [], last: 0 });
      if (kind !== undefined) {
        asked.push(kind);
        return Promise.resolve({ changes: [{ sequence: ++sequence, kind, id: "ses_1" }], last: sequence });
      }
      asked.push("idle");
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    },
    renewLeases: async (_gatewayId, sessions) => {
      asked.push("renewed");
      const lease = { ok: true, leaseExpiresAt: "", sessionGrant: "", watched: true } as const;
      const principal = { id: "prn_1", name: "ana", kind: "user", groups: [] } as const;
      return sessions.map(({ sessionId }) => ({ sessionId, ...lease, principal }));
    },
  };
  const renewed: boolean[] = [];
  const session: Pick<GatewaySession, "counters" | "renewed" | "interrupt" | "end" | "authorized"> = {
    authorized: { id: "ses_1", leaseExpiresAt: "9999-01-01T00:00:00Z" } as GatewaySession["authorized"],
    counters: { statements: 0, refused: 0, held: 0, rows: 0, bytesToClient: 0, bytesToTarget: 0 },
    renewed: ({ watched }) => void renewed.push(watched),
    interrupt: () => {},
    end: async () => {},
  };
  const registry = new SessionRegistry({
    controlPlane: controlPlane as ControlPlane,
    gatewayId: "gw_one",
    policy: { refresh: async () => {} } as PolicyInForce,
    labelDecisions: { missed: () => {} } as RegistryOptions["labelDecisions"],
    reviews: {} as RegistryOptions["reviews"],
    logins: { lookAgain: async () => {} } as RegistryOptions["logins"],
    onCancel: () => {},
    onGrantKeys: async () => {},
    onAgent: async () => {},
    log: () => {},
  });
  registry.add(session as GatewaySession);
  registry.follow();
  return { registry, asked, renewed };
}

it("looks at its sessions when one of them changed, and at none when more of a watched one was stored", async () => {
  const { registry, asked, renewed } = registryWith(["recording", "session", "recording", "recording"]);
  await eventually(() => asked.includes("idle"));
  await registry.close("the test is over");
  expect(asked).toEqual(["renewed", "recording", "session", "renewed", "recording", "recording", "idle"]);
  expect(renewed).toEqual([true, true]);
});
