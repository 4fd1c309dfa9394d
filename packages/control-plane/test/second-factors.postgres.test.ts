import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";
import { secondFactorsContract } from "./second-factors-contract.ts";

onPostgres(() => secondFactorsContract("PostgreSQL", () => startHarness("postgres")));
