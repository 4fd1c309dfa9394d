import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { rolesContract } from "./roles-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");

if (found.available) rolesContract("on PostgreSQL", () => startHarness("postgres"));
else describe("roles: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
