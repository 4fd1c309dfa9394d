import { machinesContract } from "./machines-contract.ts";
import { startHarness } from "./running.ts";

machinesContract("SQLite", () => startHarness("sqlite"));
