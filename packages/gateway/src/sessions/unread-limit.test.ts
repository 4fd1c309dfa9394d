import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UnreadLimit } from "./unread-limit.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("what cannot be read", () => {
  it("is recorded sixty times a minute, then counted and told", () => {
    const told: number[] = [];
    const limit = new UnreadLimit((more) => told.push(more));
    const taken = (times: number) => Array.from({ length: times }, () => limit.take()).filter(Boolean).length;
    expect(taken(100)).toBe(60);
    vi.advanceTimersByTime(59_000);
    expect([taken(5), told]).toEqual([0, []]);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([45]);
    expect(taken(100)).toBe(60);
    limit.end();
    limit.end();
    expect(told).toEqual([45, 40]);
  });

  it("tells nothing where all was recorded", () => {
    const told: number[] = [];
    const limit = new UnreadLimit((more) => told.push(more));
    limit.take();
    vi.advanceTimersByTime(120_000);
    limit.take();
    limit.end();
    expect(told).toEqual([]);
  });
});
