import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { eventually } from "./eventually.ts";

it("looks until the answer is there", async () => {
  let looks = 0;
  expect(await eventually(() => (++looks < 3 ? undefined : looks), { every: 1 })).toBe(3);
});

it("gives up with the last failure", async () => {
  const never = eventually(() => Promise.reject(new Error("not yet")), { within: 10, every: 1 });
  await expect(never).rejects.toMatchObject({ cause: { message: "not yet" } });
});

it("looks at once when an event says so", async () => {
  const emitter = new EventEmitter();
  let done = false;
  const waiting = eventually(() => done, { on: [[emitter, "change"]], every: 60_000 });
  await new Promise(setImmediate);
  done = true;
  emitter.emit("change");
  expect(await waiting).toBe(true);
});
