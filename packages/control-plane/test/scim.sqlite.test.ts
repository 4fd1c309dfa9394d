import { startHarness } from "./running.ts";
import { scimContract } from "./scim-contract.ts";

scimContract("SQLite", () => startHarness("sqlite"));
