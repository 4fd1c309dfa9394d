import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { labelsContract } from "./labels-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");

if (found.available) labelsContract("on PostgreSQL", () => startHarness("postgres"));
else describe("label bindings: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
