import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { takeInventory } from "./inventory.ts";
import { CLASS_ORDER, INNER_STATEMENT_NODES, STATEMENT_KINDS, severest } from "./statement-kinds.ts";

/** Node types of the grammar, from the declarations that libpg-query itself is typed with. */
function grammarNodes(): string[] {
  const parser = createRequire(createRequire(import.meta.url).resolve("libpg-query"));
  const declarations = readFileSync(parser.resolve("@pgsql/types").replace(/index\.js$/, "types.d.ts"), "utf8");
  return [...declarations.matchAll(/^export interface (\w+) \{/gm)].flatMap(([, name]) => name ?? []);
}

describe("every statement of the grammar", () => {
  const nodes = grammarNodes().filter((name) => name.endsWith("Stmt") && !INNER_STATEMENT_NODES.has(name));

  it("is read from the grammar", () => {
    expect(nodes.length).toBeGreaterThan(110);
  });

  it.each(nodes)("%s has a class", (name) => {
    expect(STATEMENT_KINDS[name]).toBeDefined();
  });

  it("the table names nothing that the grammar does not know", () => {
    const known = new Set(nodes);
    expect(Object.keys(STATEMENT_KINDS).filter((name) => !known.has(name))).toEqual([]);
  });

  it("only SELECT is a read", () => {
    const reads = Object.entries(STATEMENT_KINDS).filter(([, [, cls]]) => cls === "read");
    expect(reads.map(([name]) => name)).toEqual(["SelectStmt"]);
  });

  it("the severest class wins and unknown beats all", () => {
    expect(severest(["read", "write", "session"])).toBe("write");
    expect(severest(CLASS_ORDER)).toBe("unknown");
    expect(severest([])).toBe("unknown");
  });
});

describe("what a later PostgreSQL may add", () => {
  it("an unknown node anywhere makes the statement opaque", () => {
    const tree = (node: unknown): unknown => ({ SelectStmt: { targetList: [{ ResTarget: { val: node } }] } });
    expect(takeInventory(tree({ ColumnRef: { fields: [] } })).opaque).toBe(false);
    expect(takeInventory(tree({ FancyExpr: { arg: { ColumnRef: { fields: [] } } } })).opaque).toBe(true);
  });

  it("an unknown statement is of class unknown", () => {
    const { classes, kinds, opaque } = takeInventory({ ExplainStmt: { query: { FancyStmt: {} } } });
    expect([severest(classes), [...kinds], opaque]).toEqual(["unknown", ["EXPLAIN", "FancyStmt"], true]);
  });
});
