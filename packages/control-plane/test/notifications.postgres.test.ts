import { findPostgres } from "@tidewaiter/testkit";
import { describe, it } from "vitest";
import { notificationsContract } from "./notifications-contract.ts";

const found = await findPostgres("18");

if (found.available) notificationsContract("postgres");
else describe("notifications on postgres", () => it.skip(`skipped: ${found.reason}`));
