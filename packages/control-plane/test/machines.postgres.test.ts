import { machinesContract } from "./machines-contract.ts";
import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";

onPostgres(() => machinesContract("PostgreSQL", () => startHarness("postgres")));
