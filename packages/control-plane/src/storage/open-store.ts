import { type UnitsOfWork, units } from "../units.ts";
import { createStore, type Store, type UnitRunner } from "./store.ts";

/** The one setting that chooses the store. */
export type StoreSettings =
  | {
      readonly type: "sqlite";
      /** Made with mode 0600 when it is missing; its folder must be there. */
      readonly file: string;
      /** How long to wait for another process that writes. Default 2 s. */
      readonly busyTimeoutMs?: number;
    }
  | { readonly type: "postgres"; readonly connectionString: string; readonly maxConnections?: number };

export type ControlPlaneStore = Store<UnitsOfWork>;

/** Opens the store and applies what migrations are due. `now`: milliseconds since the epoch. */
export async function openStore(settings: StoreSettings, now: () => number): Promise<ControlPlaneStore> {
  return createStore<UnitsOfWork>({ runner: await startRunner(settings), registry: units, now });
}

/** Only the driver of the store in use is loaded. */
async function startRunner(settings: StoreSettings): Promise<UnitRunner> {
  if (settings.type === "postgres") {
    const { startPostgresRunner } = await import("./postgres/runner.ts");
    return startPostgresRunner({ ...settings, registry: units });
  }
  const { startSqliteRunner } = await import("./sqlite/runner.ts");
  return startSqliteRunner({ ...settings, registry: new URL("../units.ts", import.meta.url).href });
}
