import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { machinesContract } from "./machines-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");

if (found.available) machinesContract("PostgreSQL", () => startHarness("postgres"));
else describe("budgets: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
