import { describe, expect, it } from "vitest";
import { ConnectionCap } from "./connection-cap.ts";

const soon = { waitMs: 20 };

describe("P15: ConnectionCap", () => {
  it("lets as many in as the cap says, per resource, and the next one as soon as somebody leaves", async () => {
    const cap = new ConnectionCap();
    const first = await cap.enter("db", 2);
    expect(await cap.enter("db", 2)).toBeDefined();
    expect(await cap.enter("other", 1)).toBeDefined();
    expect(await cap.enter("db", 2, soon)).toBeUndefined();
    const third = cap.enter("db", 2, { waitMs: 10_000 });
    first?.leave();
    first?.leave();
    expect(await third).toBeDefined();
    expect(await cap.enter("db", 2, soon)).toBeUndefined();
  });

  it("is first come first served", async () => {
    const cap = new ConnectionCap();
    const order: number[] = [];
    let held = await cap.enter("db", 1);
    const all = [1, 2, 3].map(async (n) => {
      const place = await cap.enter("db", 1, { waitMs: 10_000 });
      order.push(n);
      held = place;
    });
    for (const one of all) {
      held?.leave();
      await one;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  it("forgets who gave up, and follows a cap that was lowered", async () => {
    const cap = new ConnectionCap();
    const gone = new AbortController();
    const places = [await cap.enter("db", 2), await cap.enter("db", 2)];
    const left = cap.enter("db", 2, { waitMs: 10_000, signal: gone.signal });
    gone.abort();
    expect(await left).toBeUndefined();
    places[0]?.leave();
    expect(await cap.enter("db", 1, soon)).toBeUndefined();
    places[1]?.leave();
    expect(await cap.enter("db", 1, soon)).toBeDefined();
  });
});
