import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LineageError } from "../../src/lineage/lineage-error.ts";
import { readLineage } from "../../src/lineage/read-lineage.ts";
import { TreeServer } from "./tree-server.ts";

/**
 * Names are the part of a tree that a client makes up. Whatever they hold, and wherever the server breaks its lines in
 * them, the columns are the server's, or the tree is refused.
 */
describe("names in a tree", () => {
  let server: TreeServer;
  beforeAll(async () => {
    server = await TreeServer.start("18");
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  const name = (unit: fc.Arbitrary<string>) =>
    fc
      .string({ unit, minLength: 1, maxLength: 63 })
      .filter((text) => Buffer.byteLength(text) <= 63)
      .map((text) => `"${text.replaceAll('"', '""')}"`);
  const hostile = fc.constantFrom("(", ")", "{", "}", "\\", " ", ":", "<", ">", "[", '"', "é", "😀", "1", "a");

  const check = async (names: readonly string[]) => {
    const columns = ["email", "ssn", "card", "id"];
    const list = names.map((alias, index) => `${columns[index % 4]} AS ${alias}`);
    const { trees, columns: described, errors } = await server.run(`SELECT ${list.join()} FROM customers LIMIT 1`);
    expect(errors).toEqual([]);
    const [tree = Buffer.alloc(0)] = trees;
    const { outputs, opaque } = readLineage(tree);
    expect(opaque).toEqual([]);
    expect(outputs.map((output) => output.name)).toEqual(described);
    expect(outputs.map(({ sources: [source] }) => source && server.name(source))).toEqual(
      names.map((_, index) => `customers.${columns[index % 4]}`),
    );
  };

  it("are read as the server means them", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(name(hostile), { minLength: 1, maxLength: 8 }), async (names) => {
        await check(names).catch((error) => {
          // A name that fills exactly one line cannot be told from a longer one.
          if (!(error instanceof LineageError)) throw error;
          refused++;
        });
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeLessThan(30);
  });

  it("are read or refused when they hold newlines", async () => {
    const unit = fc.constantFrom("(", "}", "\n", "\t", "\\", "a");
    await fc.assert(
      fc.asyncProperty(fc.array(name(unit), { minLength: 1, maxLength: 8 }), async (names) => {
        // Where the server broke the line at a protected newline or space, the name reads with a space.
        await checkBlank(names).catch((error) => {
          if (!(error instanceof LineageError)) throw error;
        });
      }),
      { numRuns: 300 },
    );
  });

  const checkBlank = async (names: readonly string[]) => {
    const columns = ["email", "ssn", "card", "id"];
    const list = names.map((alias, index) => `${columns[index % 4]} AS ${alias}`);
    const { trees, columns: described } = await server.run(`SELECT ${list.join()} FROM customers LIMIT 1`);
    const [tree = Buffer.alloc(0)] = trees;
    const { outputs } = readLineage(tree);
    expect(outputs.map((output) => output.name.replaceAll("\n", " "))).toEqual(
      described.map((text) => text.replaceAll("\n", " ")),
    );
    expect(outputs.map(({ sources: [source] }) => source && server.name(source))).toEqual(
      names.map((_, index) => `customers.${columns[index % 4]}`),
    );
  };
});
