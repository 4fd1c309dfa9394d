import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { emergencyContract } from "./emergency-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");
const week = 7 * 86_400_000;
const start = () => startHarness("postgres", { accessTokenLifeMs: week, signInLifeMs: week });

if (found.available) emergencyContract("on PostgreSQL", start);
else describe("emergency: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
