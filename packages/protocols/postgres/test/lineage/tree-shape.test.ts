import { postgresVersions } from "@tidewaiter/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LineageCache } from "../../src/lineage/lineage-cache.ts";
import { readLineage } from "../../src/lineage/read-lineage.ts";
import { treeHash, treeShape } from "../../src/lineage/tree-shape.ts";
import { unwrapLines } from "../../src/lineage/unwrap-lines.ts";
import { SETUP } from "./setup.ts";
import { STATEMENTS } from "./statements.ts";
import { TreeServer } from "./tree-server.ts";

describe.each(postgresVersions)("the shape of trees of PostgreSQL %s", (version) => {
  let server: TreeServer;
  const trees: Buffer[] = [];
  beforeAll(async () => {
    server = await TreeServer.start(version, SETUP);
    for (const { sql } of STATEMENTS.filter(({ versions }) => versions.includes(version))) {
      await server.run("BEGIN");
      trees.push(...(await server.run(sql)).trees);
      await server.run("ROLLBACK");
    }
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  const treeOf = async (sql: string): Promise<Buffer> => (await server.run(sql)).trees[0] ?? Buffer.alloc(0);
  const shapeOf = (tree: Buffer): string => String(treeShape(unwrapLines(tree)));

  it("has the hash that the parser finds", () => {
    expect(trees.length).toBeGreaterThan(80);
    for (const tree of trees) expect(treeHash(unwrapLines(tree))).toBe(readLineage(tree).hash);
  });

  it("is one for statements that differ in literals or in where they stand", async () => {
    for (const [one, other] of [
      ["SELECT email FROM customers WHERE id = 7", "SELECT  email FROM customers WHERE id   = 123456"],
      [
        "SELECT id FROM customers WHERE email = 'a@example.com'",
        "SELECT id FROM customers WHERE email = 'b@example.org'",
      ],
      ["SELECT id + 1, 'x' FROM orders LIMIT 3", "SELECT id + 9, 'y' FROM orders LIMIT 4"],
      [
        "SELECT id FROM orders WHERE id = ANY ('{1,2,3}'::int[])",
        "SELECT id FROM orders WHERE id = ANY ('{4,5,6}'::int[])",
      ],
    ] as const) {
      const [first, second] = [await treeOf(one), await treeOf(other)];
      expect(shapeOf(first)).toBe(shapeOf(second));
      const { hash: a, ...left } = readLineage(first);
      const { hash: b, ...right } = readLineage(second);
      expect(left).toEqual(right);
    }
  });

  it("is another for other columns, operators, numbers of values, NULL and types", async () => {
    const statements = [
      "SELECT email FROM customers WHERE id = 7",
      "SELECT ssn FROM customers WHERE id = 7",
      "SELECT email FROM customers WHERE id > 7",
      "SELECT email FROM customers WHERE id = NULL::int",
      "SELECT email FROM customers WHERE id = 7::bigint",
      "SELECT email FROM customers WHERE id = ANY ('{1,2}'::int[])",
      "SELECT email FROM customers WHERE id = ANY ('{1,2,3}'::int[])",
      "SELECT email FROM customers WHERE id = ANY ('{}'::int[])",
      "SELECT email FROM customers WHERE ssn = ANY ('{a,bcdefghij}')",
      "SELECT email FROM customers WHERE ssn = ANY ('{a,b,c,d,e,f,g}')",
    ];
    const shapes: string[] = [];
    for (const sql of statements) shapes.push(shapeOf(await treeOf(sql)));
    expect(new Set(shapes).size).toBe(shapes.length);
  });

  it("keeps every name apart, also one that looks like a field", async () => {
    const part = fc.constantFrom(
      ...[
        " ",
        ":",
        "location",
        ":location",
        "constvalue",
        " 5",
        "-1",
        "4 [ 1 2 ]",
        "[",
        "]",
        "\\",
        "{",
        "}",
        "(",
        "a",
        "\n",
        "stmt_len",
      ],
    );
    const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("").slice(0, 60));
    await fc.assert(
      fc.asyncProperty(name, name, async (one, other) => {
        const quoted = (text: string) => `"${text}"`;
        const select = (text: string) =>
          `SELECT q.id AS ${quoted(text)} FROM customers ${quoted(text)}, customers q WHERE q.id = 7`;
        const [first, second] = [await treeOf(select(one)), await treeOf(select(other))];
        try {
          readLineage(first);
        } catch {
          return; // such a name is not read at all
        }
        expect(treeHash(unwrapLines(first))).toBe(readLineage(first).hash);
        if (one === other) expect(shapeOf(first)).toBe(shapeOf(second));
        // a newline where the server breaks a line reads as a space (unwrap-lines.ts)
        const read = (text: string) => text.replaceAll("\n", " ");
        if (shapeOf(first) === shapeOf(second)) expect(read(one)).toBe(read(other));
      }),
      { numRuns: process.env.TIDEWAITER_LONG === "1" ? 2000 : 300 },
    );
  }, 120_000);

  it("lets the cache answer as the reader does, hash included", async () => {
    const reads: Buffer[] = [];
    const cache = new LineageCache({}, (tree) => {
      reads.push(tree);
      return readLineage(tree);
    });
    for (const tree of [...trees, ...trees]) expect({ ...cache.read(tree) }).toEqual(readLineage(tree));
    const before = reads.length;
    for (let id = 0; id < 50; id++) {
      const tree = await treeOf(`SELECT lower(email) FROM customers WHERE id = ${id * 997}`);
      expect({ ...cache.read(tree) }).toEqual(readLineage(tree));
    }
    expect(reads.length).toBe(before + 1);
  });
});
