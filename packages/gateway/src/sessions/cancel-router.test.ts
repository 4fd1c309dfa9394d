import type { ForwardedCancel } from "@tidewaiter/core";
import { cancelChange } from "@tidewaiter/core";
import { describe, expect, it } from "vitest";
import { CancelRouter } from "./cancel-router.ts";

const DIGEST = "ab".repeat(32);

function setUp(here: readonly number[] = []) {
  const forwarded: ForwardedCancel[] = [];
  const handled: string[] = [];
  let now = 0;
  const router = new CancelRouter({
    gatewayId: "gw_a",
    controlPlane: {
      forwardCancel: async (request) => {
        forwarded.push(request);
        return request.processId === 0 ? undefined : `cnl_${forwarded.length}`;
      },
      cancelHandled: async (id) => void handled.push(id),
    },
    cancelHere: async (processId) => here.includes(processId),
    log: () => {},
    now: () => now,
  });
  return { router, forwarded, handled, advance: (ms: number) => (now += ms) };
}

describe("cancel requests between gateways", () => {
  it("are waited for until the other gateway has dealt with them, also when that is known first", async () => {
    const { router, forwarded } = setUp();
    let done = false;
    const waiting = router.forward("10.0.0.1:1", 7, DIGEST).then(() => (done = true));
    await new Promise(setImmediate);
    expect(done).toBe(false);
    router.changed(cancelChange({ type: "handled", id: "cnl_1" }));
    await waiting;
    expect(forwarded).toEqual([{ gatewayId: "gw_a", processId: 7, keyDigest: DIGEST }]);
    const early = router.forward("10.0.0.1:1", 7, DIGEST);
    router.changed(cancelChange({ type: "handled", id: "cnl_2" }));
    await early;
    await router.forward("10.0.0.1:1", 0, DIGEST);
  });

  it("are dealt with here only where the session is", async () => {
    const { router, handled } = setUp([7]);
    for (const processId of [7, 8])
      router.changed(cancelChange({ type: "asked", id: `cnl_${processId}`, processId, keyDigest: DIGEST }));
    router.changed("nonsense");
    await new Promise(setImmediate);
    expect(handled).toEqual(["cnl_7"]);
  });

  it("are no more from one address than a person sends, and that is no other's loss", async () => {
    const { router, forwarded, advance } = setUp();
    const flood = async (address: string, count: number) => {
      for (let sent = 0; sent < count; sent++) await router.forward(`${address}:${1000 + sent}`, 0, DIGEST);
    };
    await flood("10.0.0.1", 100);
    expect(forwarded).toHaveLength(20);
    await flood("10.0.0.2", 1);
    expect(forwarded).toHaveLength(21);
    advance(1_000);
    await flood("10.0.0.1", 100);
    expect(forwarded).toHaveLength(23);
  });
});
