import { emergencyContract } from "./emergency-contract.ts";
import { startHarness } from "./running.ts";

const week = 7 * 86_400_000;
emergencyContract("on SQLite", () => startHarness("sqlite", { accessTokenLifeMs: week, signInLifeMs: week }));
