import { rolesContract } from "./roles-contract.ts";
import { startHarness } from "./running.ts";

rolesContract("on SQLite", () => startHarness("sqlite"));
