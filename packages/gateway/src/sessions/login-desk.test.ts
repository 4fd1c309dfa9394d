import type { BrowserLoginStanding } from "@tidewaiter/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LoginDesk } from "./login-desk.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const REQUEST = { gatewayId: "gw_one", clientAddress: "192.0.2.1", clientPort: 50_000, resourceName: "prod-db" };

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

function start() {
  let standing: BrowserLoginStanding | Error = { state: "waiting" };
  const withdrawn: string[] = [];
  const desk = new LoginDesk(
    {
      requestBrowserLogin: async () => ({
        state: "waiting",
        id: "blg_1",
        path: "/login/connection/x",
        code: "K7QM-2XTP",
        expiresAt: new Date(NOW + 300_000).toISOString(),
      }),
      async browserLogin() {
        if (standing instanceof Error) throw standing;
        return standing;
      },
      withdrawBrowserLogin: async (id) => void withdrawn.push(id),
    },
    "https://gw.example",
  );
  const ticket = async () => {
    const made = await desk.request(REQUEST);
    if (made.state !== "waiting") throw new Error(made.state);
    return made;
  };
  return { desk, ticket, withdrawn, now: (next: BrowserLoginStanding | Error) => (standing = next) };
}

it("hands out a link on the public address, and hears of the decision", async () => {
  const { desk, ticket, now, withdrawn } = start();
  const waiting = await ticket();
  expect(waiting.link).toBe("https://gw.example/login/connection/x");
  await desk.changed("blg_1");
  now({ state: "approved", principalName: "ana" });
  await desk.changed("blg_other");
  await desk.changed("blg_1");
  expect(await waiting.decided).toEqual({ state: "approved", principalName: "ana" });
  await waiting.withdraw();
  expect(withdrawn).toEqual([]);
});

it("looks again after changes were missed, and goes on waiting while the control plane is away", async () => {
  const { desk, ticket, now } = start();
  const waiting = await ticket();
  now(new Error("away"));
  await desk.lookAgain();
  now({ state: "denied" });
  await desk.lookAgain();
  expect(await waiting.decided).toEqual({ state: "denied" });
});

it("gives up in time, but not on what was decided at the last moment", async () => {
  const late = start();
  const waiting = await late.ticket();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(await waiting.decided).toEqual({ state: "expired" });
  const last = start();
  const other = await last.ticket();
  last.now({ state: "approved", principalName: "mia" });
  await vi.advanceTimersByTimeAsync(300_000);
  expect(await other.decided).toEqual({ state: "approved", principalName: "mia" });
});

it("withdraws for a client that left", async () => {
  const { ticket, withdrawn } = start();
  const waiting = await ticket();
  await waiting.withdraw();
  await waiting.withdraw();
  expect([await waiting.decided, withdrawn]).toEqual([{ state: "withdrawn" }, ["blg_1"]]);
});
