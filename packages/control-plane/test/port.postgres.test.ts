import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { portContract } from "./port-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");

if (found.available) portContract("in process on PostgreSQL", () => startHarness("postgres"));
else describe("control plane port: in process on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
