import { expect, it } from "vitest";
import { inChunks } from "./event-lines.ts";

async function* texts(...given: string[]) {
  yield* given;
}

it("gives the same text in larger pieces, and lets others run between them", async () => {
  const given = Array.from({ length: 3_000 }, (_, number) => `${number}${"x".repeat(100)}\n`);
  const chunks: string[] = [];
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  for await (const chunk of inChunks(texts(...given))) chunks.push(chunk);
  counting = false;
  expect(chunks.join("")).toBe(given.join(""));
  expect(chunks).toHaveLength(5);
  expect(turns).toBeGreaterThanOrEqual(4);
});

it("gives nothing for nothing, and a little at once", async () => {
  const collect = async (...given: string[]) => {
    const chunks: string[] = [];
    for await (const chunk of inChunks(texts(...given))) chunks.push(chunk);
    return chunks;
  };
  expect(await collect()).toEqual([]);
  expect(await collect("a\n", "b\n")).toEqual(["a\nb\n"]);
});
