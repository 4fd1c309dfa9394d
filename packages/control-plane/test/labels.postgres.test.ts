import { labelsContract } from "./labels-contract.ts";
import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";

onPostgres(() => labelsContract("on PostgreSQL", () => startHarness("postgres")));
