import { labelsContract } from "./labels-contract.ts";
import { startHarness } from "./running.ts";

labelsContract("on SQLite", () => startHarness("sqlite"));
