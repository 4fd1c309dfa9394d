import { describe, expect, it } from "vitest";
import { FactsCache } from "./facts-cache.ts";

describe("FactsCache", () => {
  it("drops what was used least recently when the bytes run out", () => {
    const cache = new FactsCache<number>(160);
    for (let index = 0; index < 16; index++) cache.set(`s${index}`, index, 10);
    expect(cache.get("s0")).toBe(0);
    cache.set("new", 99, 10);
    expect([cache.get("s0"), cache.get("s1"), cache.get("new"), cache.size]).toEqual([0, undefined, 99, 16]);
  });

  it("does not keep what would push out everything else, nor anything when the limit is 0", () => {
    const cache = new FactsCache<number>(160);
    cache.set("long", 1, 11);
    expect(cache.get("long")).toBeUndefined();
    const none = new FactsCache<number>(0);
    none.set("a", 1, 1);
    expect(none.size).toBe(0);
  });
});
