import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { changeRequestsContract } from "./change-requests-contract.ts";
import { startHarness } from "./running.ts";

const found = await findPostgres("18");
const week = 7 * 86_400_000;
const start = () => startHarness("postgres", { accessTokenLifeMs: week, signInLifeMs: week });

if (found.available) changeRequestsContract("on PostgreSQL", start);
else describe("change requests: on PostgreSQL", () => it.skip(`skipped: ${found.reason}`));
