import { fileURLToPath } from "node:url";
import { createEnvStore } from "@tidewaiter/secret-stores";
import { eventually, spawnNode } from "@tidewaiter/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startReceiver } from "./receivers.ts";
import { type Harness, startHarness } from "./running.ts";

const PROCESS = fileURLToPath(new URL("./notification-process.ts", import.meta.url));

let harness: Harness;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  receiver = await startReceiver();
  // This process only fills the outbox; others send.
  const secretStores = [createEnvStore(["SECRET"], () => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
  harness = await startHarness("sqlite", { sendNotifications: false, secretStores, now: Date.now });
  const settings = { type: "webhook", url: `${receiver.url}/hook`, secret: "env:SECRET", perMinute: 600 };
  expect((await harness.call("PUT", "/v1/notification-channels/hook", settings)).status).toBe(200);
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
  await receiver.stop();
});
beforeEach(() => {
  receiver.received.length = 0;
});

const start = (laterMs = 0) => spawnNode(PROCESS, { args: [harness.directory, String(laterMs)] });
const queue = async (count: number) => {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    ids.push(...(await harness.call("POST", "/v1/notification-channels/hook/test")).json.notifications);
  }
  return ids;
};
const states = async (ids: readonly string[]) => {
  const { notifications } = (await harness.call("GET", "/v1/notifications?limit=500")).json;
  return (notifications as { id: string; state: string }[])
    .filter(({ id }) => ids.includes(id))
    .map(({ state }) => state);
};

it("several processes share the work and send nothing twice", async () => {
  const ids = await queue(40);
  await using one = start();
  await using two = start();
  await using three = start();
  await Promise.all([one, two, three].map((process) => process.line(/ready/)));
  await eventually(async () => (await states(ids)).every((state) => state === "sent"), { within: 30_000 });
  const told = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(told).toHaveLength(40);
  expect(new Set(told)).toEqual(new Set(ids));
}, 60_000);

it("a process that is killed while it sends loses nothing", async () => {
  const ids = await queue(3);
  const hanging = receiver.hold();
  await using first = start();
  await first.line(/ready/);
  await eventually(() => receiver.received.length === 3 || undefined, { within: 20_000 });
  first.kill("SIGKILL");
  await first.exited;
  hanging.release();
  receiver.state.answer = () => ({ status: 200 });
  expect(await states(ids)).toEqual(["waiting", "waiting", "waiting"]);
  // Its leases are over a minute later; this clock is there already.
  await using second = start(61_000);
  await second.line(/ready/);
  await eventually(async () => (await states(ids)).every((state) => state === "sent"), { within: 20_000 });
  const told = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(told).toHaveLength(6);
  expect(new Set(told)).toEqual(new Set(ids));
}, 60_000);
