import { changeRequestsContract } from "./change-requests-contract.ts";
import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";

const week = 7 * 86_400_000;
const start = () => startHarness("postgres", { accessTokenLifeMs: week, signInLifeMs: week });

onPostgres(() => changeRequestsContract("on PostgreSQL", start));
