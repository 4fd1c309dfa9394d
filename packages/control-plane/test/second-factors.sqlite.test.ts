import { startHarness } from "./running.ts";
import { secondFactorsContract } from "./second-factors-contract.ts";

secondFactorsContract("SQLite", () => startHarness("sqlite"));
