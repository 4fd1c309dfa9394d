import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { startHarness } from "./running.ts";
import { scimContract } from "./scim-contract.ts";

const found = await findPostgres("18");

if (found.available) scimContract("PostgreSQL", () => startHarness("postgres"));
else describe("SCIM 2.0: PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
