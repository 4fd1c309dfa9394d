import { PassThrough } from "node:stream";
import type { ServerChannel } from "ssh2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ResourceChoice } from "./resource-choice.ts";

const TERMINAL = { term: "xterm", cols: 80, rows: 24, width: 0, height: 0, modes: {} } as never;
const HOSTS = { resources: [{ name: "web-1", tags: {}, levels: ["read"] as const }], more: false };

/** Takes as much as is asked for, and no more; what is typed is pushed in. */
class SlowChannel extends PassThrough {
  readonly shown: string[] = [];
  readonly #waiting: (() => void)[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.shown.push(chunk.toString());
    this.#waiting.push(done);
  }

  override _transform(): void {}

  read1(): void {
    this.#waiting.shift()?.();
  }
}

describe("the choice of a host", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const start = (list = async () => HOSTS) =>
    new ResourceChoice({ list, who: "ana", command: (name) => `ssh ${name}` });
  const offer = (choice: ResourceChoice, channel: PassThrough) =>
    choice.offer({
      channel: channel as unknown as ServerChannel,
      terminal: TERMINAL,
      resizes: () => {},
      signal: new AbortController().signal,
    });

  it("is over when nobody asks for anything, and when nobody answers", async () => {
    const idle = start();
    vi.advanceTimersByTime(10_000);
    expect(await idle.chosen).toBeUndefined();
    const asked = start();
    const answered = offer(asked, new SlowChannel());
    await vi.advanceTimersByTimeAsync(299_000);
    const told = vi.fn();
    void asked.chosen.then(told);
    await vi.advanceTimersByTimeAsync(0);
    expect(told).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toHaveBeenCalledWith(undefined);
    expect(await answered).toBeUndefined();
  });

  it("keeps one picture for a client that types and does not read", async () => {
    const channel = new SlowChannel({ writableHighWaterMark: 1 });
    const choice = start();
    void offer(choice, channel);
    await vi.advanceTimersByTimeAsync(0);
    for (let n = 0; n < 10_000; n++) channel.push("x");
    await vi.advanceTimersByTimeAsync(0);
    expect(channel.shown).toHaveLength(1);
    expect(channel.writableLength).toBeLessThan(1_000);
    channel.read1();
    await vi.advanceTimersByTimeAsync(0);
    expect(channel.shown).toHaveLength(2);
    expect(channel.shown[1]).toContain(`: ${"x".repeat(64)}`);
  });

  it("asks on one terminal at a time", async () => {
    const choice = start();
    const first = new SlowChannel();
    const one = offer(choice, first);
    await vi.advanceTimersByTimeAsync(0);
    expect(await offer(choice, new SlowChannel())).toMatchObject({ code: 255 });
    first.push("1\r");
    expect(await one).toBeUndefined();
    expect(await choice.chosen).toBe("web-1");
    expect(await offer(choice, new SlowChannel())).toBeUndefined();
  });

  it("says so when there is nothing, or nobody can be asked", async () => {
    const none = start(async () => ({ resources: [], more: false }));
    expect(await offer(none, new SlowChannel())).toEqual({ lines: ["no SSH host is granted to ana"], code: 255 });
    const lost = start(async () => Promise.reject(new Error("lost")));
    expect(await offer(lost, new SlowChannel())).toMatchObject({ code: 255 });
  });
});
