import { duplexPair } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { pauseWhileUnread } from "./pause-while-unread.ts";

it("stops reading a peer that asks and does not read, and goes on when it does", async () => {
  const [peer, own] = duplexPair({ highWaterMark: 1024 });
  let asked = 0;
  pauseWhileUnread(own, 10_000);
  own.on("data", () => {
    asked++;
    own.write(Buffer.alloc(100));
  });
  const turns = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
  };
  for (let n = 0; n < 1_000; n++) {
    peer.write("?");
    await turns(1);
  }
  expect(asked).toBeLessThan(150);
  expect(own.writableLength).toBeLessThan(11_000);
  peer.resume();
  await turns(2_000);
  expect(asked).toBeGreaterThan(150);
  expect(own.writableLength).toBe(0);
});
