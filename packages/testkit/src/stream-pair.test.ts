import { once } from "node:events";
import { expect, it } from "vitest";
import { duplexPair, readAll } from "./stream-pair.ts";

it("carries bytes both ways and closes each way by itself", async () => {
  const [left, right] = duplexPair();
  left.end("question");
  expect((await readAll(right)).toString()).toBe("question");
  right.end("answer after the other side has closed");
  expect((await readAll(left)).toString()).toBe("answer after the other side has closed");
});

it("holds a writer back until the other side reads", async () => {
  const [left, right] = duplexPair({ highWaterMark: 1024 });
  let written = 0;
  let open = true;
  for (; open && written < 100; written++) open = left.write(Buffer.alloc(512));
  expect(open).toBe(false);
  expect(written).toBeLessThan(10);
  const drained = once(left, "drain");
  right.resume();
  await drained;
});
