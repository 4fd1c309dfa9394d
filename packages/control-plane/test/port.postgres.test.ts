import { onPostgres } from "./on-stores.ts";
import { portContract } from "./port-contract.ts";
import { startHarness } from "./running.ts";

onPostgres(() => portContract("in process on PostgreSQL", () => startHarness("postgres")));
