import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { accessRequestsContract } from "./access-requests-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");

if (found.available)
  accessRequestsContract("on PostgreSQL", () =>
    startHarness("postgres", { accessTokenLifeMs: 7 * 86_400_000, signInLifeMs: 7 * 86_400_000 }),
  );
else describe("access requests: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
