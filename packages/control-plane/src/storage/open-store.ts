import { type UnitsOfWork, units } from "../units.ts";
import { startPostgresRunner } from "./postgres/runner.ts";
import { startSqliteRunner } from "./sqlite/runner.ts";
import { createStore, type Store } from "./store.ts";

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
  const runner =
    settings.type === "sqlite"
      ? await startSqliteRunner({ ...settings, registry: new URL("../units.ts", import.meta.url).href })
      : await startPostgresRunner({ ...settings, registry: units });
  return createStore<UnitsOfWork>({ runner, registry: units, now });
}
