import { accessRequestsContract } from "./access-requests-contract.ts";
import { startHarness } from "./running.ts";

accessRequestsContract("on SQLite", () =>
  startHarness("sqlite", { accessTokenLifeMs: 7 * 86_400_000, signInLifeMs: 7 * 86_400_000 }),
);
