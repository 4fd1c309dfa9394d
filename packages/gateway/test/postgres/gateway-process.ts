import { startHarness } from "../gateway-harness.ts";
import { job } from "../wire/principals.ts";
import { MASKS, reader } from "./labelled.ts";

/** The gateway of the tests in a process of its own, so that its memory can be watched. Argument: port of the target. */
const harness = await startHarness({
  target: { port: Number(process.argv[2]) },
  database: "postgres",
  policies: [{ name: "policy.yaml", source: MASKS }],
  principals: [job, reader],
});
process.stdout.write(`${JSON.stringify({ port: harness.port, secret: harness.secret })}\n`);
