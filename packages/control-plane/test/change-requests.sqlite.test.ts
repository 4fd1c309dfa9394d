import { changeRequestsContract } from "./change-requests-contract.ts";
import { startHarness } from "./running.ts";

const week = 7 * 86_400_000;
changeRequestsContract("on SQLite", () => startHarness("sqlite", { accessTokenLifeMs: week, signInLifeMs: week }));
