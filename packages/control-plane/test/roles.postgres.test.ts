import { onPostgres } from "./on-stores.ts";
import { rolesContract } from "./roles-contract.ts";
import { startHarness } from "./running.ts";

onPostgres(() => rolesContract("on PostgreSQL", () => startHarness("postgres")));
