import { accessRequestsContract } from "./access-requests-contract.ts";
import { onPostgres } from "./on-stores.ts";
import { startHarness } from "./running.ts";

onPostgres(() =>
  accessRequestsContract("on PostgreSQL", () =>
    startHarness("postgres", { accessTokenLifeMs: 7 * 86_400_000, signInLifeMs: 7 * 86_400_000 }),
  ),
);
