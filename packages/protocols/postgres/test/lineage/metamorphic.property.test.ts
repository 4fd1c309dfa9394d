import { skipUnless, testedPostgres } from "@tidewaiter/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readLineage } from "../../src/lineage/read-lineage.ts";
import { randomSelect } from "./random-select.ts";
import { TreeServer } from "./tree-server.ts";

const SETUP = `
  CREATE TABLE a(k int, x text, y text);
  CREATE TABLE b(k int, z text, w text);
  INSERT INTO a VALUES (1, 'ant', 'bee'), (2, 'cat', 'dog'), (3, 'fox', NULL), (4, 'owl', 'owl');
  INSERT INTO b VALUES (1, 'ant', 'elk'), (2, 'dog', 'cat'), (3, 'pig', 'ant');
  CREATE VIEW view_a AS SELECT k, x, upper(y) AS up FROM a WHERE y <> 'owl' OR y IS NULL;
  CREATE VIEW view_group AS SELECT z, max(w) AS n FROM b GROUP BY z;
`;
const CELLS = [
  ["a", "x"],
  ["a", "y"],
  ["b", "z"],
  ["b", "w"],
] as const;
const CHANGES = [
  [1, "'zebu'"],
  [2, "'aal'"],
  [3, "NULL"],
] as const;

/**
 * A second opinion that knows nothing of trees: change one cell of the real tables and run the statement again. An
 * output column that then shows other values must name that cell's column among its sources, unless it is a predicate.
 */
for (const found of await testedPostgres()) {
  const { version } = found;
  const missing = found.available ? "" : found.reason;
  skipUnless(found.available, missing).describe(`random SELECTs on PostgreSQL ${version}`, () => {
    let server: TreeServer;
    beforeAll(async () => {
      server = await TreeServer.start(version, SETUP);
    }, 60_000);
    afterAll(() => server[Symbol.asyncDispose]());

    it("depend on nothing but what their lineage names", async () => {
      let influences = 0;
      await fc.assert(
        fc.asyncProperty(randomSelect, async (sql) => {
          const before = await server.run(sql);
          expect(before.errors).toEqual([]);
          const [tree = Buffer.alloc(0)] = before.trees;
          const lineage = readLineage(tree);
          expect(lineage.opaque).toEqual([]);
          const predicates = new Set(lineage.predicates.map(({ column }) => server.name(column)));
          const sources = lineage.outputs.map((output) => new Set(output.sources.map((ref) => server.name(ref))));
          for (const [table, column] of CELLS) {
            const name = `${table}.${column}`;
            for (const [key, value] of CHANGES) {
              await server.run(`BEGIN; UPDATE ${table} SET ${column} = ${value} WHERE k = ${key}`);
              const after = await server.run(sql);
              await server.run("ROLLBACK");
              for (const [index, named] of sources.entries()) {
                if (columnOf(before.rows, index) === columnOf(after.rows, index)) continue;
                influences++;
                expect(named.has(name) || predicates.has(name), `${name} shows in column ${index} of ${sql}`).toBe(
                  true,
                );
              }
            }
          }
        }),
        { numRuns: 60 },
      );
      expect(influences).toBeGreaterThan(50);
    }, 120_000);
  });
}

/** As a bag: without ORDER BY the rows may come in any order. */
function columnOf(rows: readonly (readonly (string | null)[])[], index: number): string {
  return JSON.stringify(rows.map((row) => row[index] ?? null).sort());
}
