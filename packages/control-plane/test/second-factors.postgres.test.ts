import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { startHarness } from "./running.ts";
import { secondFactorsContract } from "./second-factors-contract.ts";

const found = await findPostgres("18");

if (found.available) secondFactorsContract("PostgreSQL", () => startHarness("postgres"));
else describe("second factors: PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
