import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";
import { scimContract } from "./scim-contract.ts";

onPostgres(() => scimContract("PostgreSQL", () => startHarness("postgres")));
