import { accessContract } from "./access-contract.ts";
import { startHarness } from "./running.ts";

const week = 7 * 86_400_000;
accessContract("on SQLite", () => startHarness("sqlite", { accessTokenLifeMs: week, signInLifeMs: week }));
