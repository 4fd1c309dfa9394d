import { describe, expect, it } from "vitest";
import type { Lineage } from "./lineage.ts";
import { LineageCache } from "./lineage-cache.ts";
import { LineageError } from "./lineage-error.ts";

const lineage = (sources: number): Lineage => ({
  hash: "0",
  command: "select",
  outputs: [
    {
      name: "x",
      sources: Array.from({ length: sources }, (_, attnum) => ({ relation: 1, attnum })),
      plain: false,
      functions: [],
      opaque: [],
    },
  ],
  relations: [],
  predicates: [],
  writes: [],
  functions: [],
  operators: [],
  types: [],
  opaque: [],
});

const counting = (sources = 1) => {
  const reads: string[] = [];
  const read = (tree: Buffer) => {
    reads.push(String(tree));
    if (String(tree) === "bad") throw new LineageError("malformed");
    return lineage(sources);
  };
  return { reads, read };
};

describe("LineageCache", () => {
  it("reads a tree once, and forgets the least recently used", () => {
    const { reads, read } = counting();
    const cache = new LineageCache({ entries: 2 }, read);
    for (const tree of ["a", "b", "a", "c", "a", "b"]) cache.read(Buffer.from(tree));
    expect(reads).toEqual(["a", "b", "c", "b"]);
    expect(cache.size).toBe(2);
  });

  it("stays below its bytes", () => {
    const { read } = counting(100);
    const cache = new LineageCache({ bytes: 200_000 }, read);
    for (let count = 0; count < 100; count++) cache.read(Buffer.from(`tree ${count}`));
    expect(cache.size).toBeGreaterThan(5);
    expect(cache.size).toBeLessThan(30);
  });

  it("keeps no result that would push out many others", () => {
    const { read } = counting(10_000);
    const cache = new LineageCache({ bytes: 1_000_000 }, read);
    cache.read(Buffer.from("wide"));
    expect(cache.size).toBe(0);
  });

  it("does not remember failures", () => {
    const { reads, read } = counting();
    const cache = new LineageCache({}, read);
    for (let count = 0; count < 2; count++) expect(() => cache.read(Buffer.from("bad"))).toThrow(LineageError);
    expect(reads).toHaveLength(2);
  });
});
