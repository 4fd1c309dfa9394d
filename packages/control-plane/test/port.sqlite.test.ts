import { portContract } from "./port-contract.ts";
import { startHarness } from "./running.ts";

portContract("in process on SQLite", () => startHarness("sqlite"));
