import { setTimeout as delay } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { SendWindow } from "./send-window.ts";

const KIB = 1024;

it("lets bytes out as the peer reads, more at a time when it is far away, and everything once it is over", async () => {
  const marks: number[] = [];
  const window = new SendWindow((mark) => marks.push(mark));
  let free = 0;
  const send = (kib: number): void => window.add(kib * KIB, () => free++);
  for (let sent = 0; sent < 4; sent++) send(8);
  expect([free, marks.length]).toEqual([4, 4]);
  send(8);
  expect(free).toBe(4);
  // what was never asked is no answer, nor is one that came before
  for (const mark of [0, -1, Number.NaN, 1e9]) window.read(mark);
  expect(free).toBe(4);
  window.read(marks[0] ?? 0);
  expect(free).toBe(5);
  // near: 128 KiB under way at the most
  for (let round = 0; round < 10; round++) window.read(marks.at(-1) ?? 0);
  free = 0;
  for (let sent = 0; sent < 100; sent++) send(8);
  expect(free).toBeGreaterThanOrEqual(8);
  expect(free).toBeLessThanOrEqual(17);
  window.open();
  expect(free).toBe(100);

  const far = new SendWindow((mark) => void delay(40).then(() => far.read(mark)));
  let most = 0;
  for (let sent = 0; sent < 20; sent++) {
    await new Promise<void>((resolve) => far.add(256 * KIB, resolve));
    most = sent;
  }
  expect(most).toBe(19);
});

it("does not wait for a peer that answers no ping", () => {
  vi.useFakeTimers();
  try {
    const window = new SendWindow(() => {});
    let free = false;
    window.add(100 * KIB, () => {
      free = true;
    });
    vi.advanceTimersByTime(9_000);
    expect(free).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(free).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
