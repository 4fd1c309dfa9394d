import type { ControlPlaneStore } from "./storage/open-store.ts";

const EVERY_MS = 15_000;

/** Says aloud what time alone has changed: reviews and access requests that ran out, sessions whose gateway is gone, budgets that are free again. */
export function startSweeper(store: ControlPlaneStore): { stop(): void; sweep(): Promise<void> } {
  const { reviews, sessions, budgets, changes, mandates, federations, login, webSessions } = store.units;
  const { accessRequests, changeRequests, notifications } = store.units;
  const { emergencies, watches } = store.units;
  const sweep = async () => {
    await reviews.sweep();
    await accessRequests.sweep();
    await changeRequests.sweep();
    await emergencies.sweep();
    await sessions.sweep();
    await budgets.sweep();
    await mandates.sweep();
    await federations.sweep();
    await changes.prune();
    await login.sweep();
    await webSessions.sweep();
    await notifications.sweep();
    await watches.sweep();
  };
  // A store that is away now is swept the next time; every reader judges by the clock anyhow.
  const timer = setInterval(() => void sweep().catch(() => {}), EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer), sweep };
}
