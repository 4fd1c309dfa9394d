import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { describe, expect, it } from "vitest";
import type { CatalogRows } from "./postgres-catalog.ts";
import { PostgresCatalog } from "./postgres-catalog.ts";

const { classify } = await loadClassifier();

const column = (oid: number, relation: string, name: string, attnum: number) => ({
  oid,
  schema: "public",
  relation,
  column: name,
  attnum,
  generated: false,
});

const ROWS: CatalogRows = {
  columns: [
    column(20_001, "customers", "id", 1),
    column(20_001, "customers", "email", 2),
    column(20_002, "called", "x", 1),
    column(20_003, "plain", "id", 1),
    column(20_003, "plain", "e", 2),
  ],
  views: new Map([
    [20_002, "SELECT mine(1) AS x"],
    [20_003, "SELECT id, lower(email) AS e FROM public.customers"],
  ]),
  parents: new Map(),
  code: {
    builtinFunctions: new Set(["lower", "pg_stat_get_activity"]),
    reachingFunctions: new Set([2071]),
    functions: [{ oid: 20_100, schema: "public", name: "mine" }],
    operators: [],
    casts: [],
    rowFunctions: new Set(),
    triggers: false,
  },
};

const labelled = (label: string | undefined) =>
  new PostgresCatalog(
    ROWS,
    { labelsOf: ({ table, column: name }) => (label && table === "customers" && name === "email" ? [label] : []) },
    classify,
  );

describe("PostgresCatalog", () => {
  it("a view that calls a function of a user carries every label of the tables", () => {
    const catalog = labelled("pii.email");
    expect(catalog.labels).toEqual(["pii.email"]);
    expect(catalog.byOid(20_002)?.columns).toMatchObject([{ labels: ["pii.email"], derived: true }]);
    expect(catalog.byOid(20_003)?.columns).toMatchObject([{ labels: [] }, { labels: ["pii.email"], derived: true }]);
  });

  it("has no labels where no table has one, whatever its views call", () => {
    expect(labelled(undefined).hasLabels).toBe(false);
  });

  it("functions below system views are not harmless, even with their schema", () => {
    expect(labelled("pii.email").code("function", { schema: "pg_catalog", name: "pg_stat_get_activity" })).toEqual([
      { name: "pg_catalog.pg_stat_get_activity", opaque: true },
    ]);
    expect(labelled("pii.email").code("function", { name: "lower" })).toEqual([]);
  });
});
