import { budgetsContract } from "./budgets-contract.ts";
import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";

onPostgres(() => budgetsContract("on PostgreSQL", () => startHarness("postgres")));
