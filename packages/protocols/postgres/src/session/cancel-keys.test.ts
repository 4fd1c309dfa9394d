import { gatewayOf } from "@tidewaiter/core";
import { describe, expect, it } from "vitest";
import { CancelKeys, cancelDigest } from "./cancel-keys.ts";

describe("P3: cancel keys", () => {
  it("have the length that the client's protocol has room for", () => {
    const keys = new CancelKeys(5);
    const lengths = [0, 1, 2].map((minor) => keys.issue(minor, async () => {}).secretKey.length);
    expect(lengths).toEqual([4, 4, 32]);
  });

  it("cancel one session, and only whole", async () => {
    const keys = new CancelKeys(5);
    const canceled: string[] = [];
    const short = keys.issue(0, async () => void canceled.push("short"));
    const long = keys.issue(2, async () => void canceled.push("long"));
    for (const secretKey of [
      long.secretKey.subarray(0, 4),
      Buffer.concat([long.secretKey, Buffer.alloc(1)]),
      short.secretKey,
    ])
      await keys.cancel(long.processId, secretKey);
    await keys.cancel(short.processId, Buffer.concat([short.secretKey, Buffer.alloc(28)]));
    expect(canceled).toEqual([]);
    await keys.cancel(long.processId, long.secretKey);
    await keys.cancel(short.processId, short.secretKey);
    expect(canceled).toEqual(["long", "short"]);
    long.forget();
    await keys.cancel(long.processId, long.secretKey);
    expect(canceled).toHaveLength(2);
  });

  it("P2: carry the number of the gateway, and are known by their digest", async () => {
    const keys = new CancelKeys(2047);
    let canceled = 0;
    const { processId, secretKey, forget } = keys.issue(0, async () => void canceled++);
    expect([gatewayOf(processId), processId > 0, processId < 2 ** 31]).toEqual([2047, true, true]);
    const digest = cancelDigest(processId, secretKey);
    expect(digest).not.toContain(secretKey.toString("hex"));
    expect(await keys.cancelByDigest(processId, cancelDigest(processId, Buffer.alloc(4)))).toBe(false);
    expect(await keys.cancelByDigest(processId, digest.slice(2))).toBe(false);
    expect(await keys.cancelByDigest(processId + 1, digest)).toBe(false);
    expect(canceled).toBe(0);
    expect(await keys.cancelByDigest(processId, digest)).toBe(true);
    forget();
    expect([await keys.cancelByDigest(processId, digest), canceled]).toEqual([false, 1]);
  });
});
