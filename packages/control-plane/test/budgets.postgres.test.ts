import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { budgetsContract } from "./budgets-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");

if (found.available) budgetsContract("on PostgreSQL", () => startHarness("postgres"));
else describe("budgets: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
