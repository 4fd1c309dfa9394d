import { budgetsContract } from "./budgets-contract.ts";
import { startHarness } from "./running.ts";

budgetsContract("on SQLite", () => startHarness("sqlite"));
