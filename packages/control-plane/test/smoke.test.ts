import { expect, it } from "vitest";
import { startHarness } from "./running.ts";
import { COUNTERS, openSession, setTheScene } from "./scene.ts";
import { GATEWAY } from "./running.ts";

it.each(["sqlite", "postgres"] as const)("smoke %s", async (kind) => {
  const t0 = performance.now();
  await using harness = await startHarness(kind);
  console.log("start", performance.now() - t0);
  const { anaId } = await setTheScene(harness);
  const session = await openSession(harness, anaId);
  console.log(session);
  console.log(await harness.port.openCredential(session.id));
  console.log(await harness.port.renewLeases(GATEWAY, [{ sessionId: session.id, counters: COUNTERS }]));
  console.log((await harness.call("GET", "/v1/audit/verify")).text);
  console.log((await harness.call("GET", "/v1/sessions")).text);
  console.log((await harness.call("GET", "/v1/me")).text);
  console.log(await harness.port.changes(0, 0));
  expect((await harness.call("GET", "/v1/openapi.json")).status).toBe(200);
  console.log("done", performance.now() - t0);
});
