import { readFileSync } from "node:fs";
import { skipUnless, testedPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Lineage } from "../../src/lineage/lineage.ts";
import { LineageError } from "../../src/lineage/lineage-error.ts";
import { readLineage } from "../../src/lineage/read-lineage.ts";
import { SETUP } from "./setup.ts";
import { STATEMENTS } from "./statements.ts";
import { TreeServer } from "./tree-server.ts";

interface Way {
  readonly id: string;
  readonly sql?: string;
  readonly steps?: readonly string[];
  readonly expected: string;
  readonly run?: boolean;
  readonly control?: boolean;
  readonly needs?: string;
}

const WAYS: readonly Way[] = JSON.parse(
  readFileSync(new URL("../../../../../scripts/corpus/bypass.json", import.meta.url), "utf8"),
);
const LABELLED = new Set(["full_name", "email", "ssn", "phone", "card", "dob", "*"].map((name) => `customers.${name}`));
/** Not a matter of columns: content of free text, settings, files, SQL in functions that print no tree. */
const OTHER_LAYERS = new Set(["B055", "B059", "B060", "B064", "B082", "B117", "B119", "B125", "B134"]);

for (const found of await testedPostgres()) {
  const { version } = found;
  const missing = found.available ? "" : found.reason;
  skipUnless(found.available, missing).describe(`the lineage of PostgreSQL ${version}`, () => {
    let server: TreeServer;
    beforeAll(async () => {
      server = await TreeServer.start(version, SETUP);
    }, 60_000);
    afterAll(() => server[Symbol.asyncDispose]());

    const inTransaction = async (...statements: readonly string[]): Promise<Lineage> => {
      await server.run("BEGIN");
      for (const before of statements.slice(0, -1)) await server.run(before);
      try {
        return await server.lineage(statements.at(-1) ?? "");
      } finally {
        await server.run("ROLLBACK");
      }
    };

    it.each(STATEMENTS.filter(({ versions }) => versions.includes(version)))("$sql", async ({ sql, expected }) => {
      expect(server.describe(await inTransaction(sql))).toBe(expected);
    });

    it("sees the quals of row security, and the checks of its policies", async () => {
      const read = await inTransaction("SET LOCAL ROLE reader", "SELECT id FROM patients");
      expect(server.describe(read)).toBe("select id=patients.id | equality:patients.doctorx1 |  | read patients(r)");
      const write = await inTransaction("SET LOCAL ROLE reader", "INSERT INTO patients (id, name) VALUES (1, 'x')");
      expect(server.describe(write)).toContain("| patients.id<- patients.name<- | read patients(r), write patients(r)");
      expect(server.describe(write)).toContain("expression:patients.name");
    });

    it("reads what pg_rewrite keeps of a view", async () => {
      const [row] = await server.server.sql(
        "SELECT ev_action FROM pg_rewrite WHERE ev_class = 'v_cust_expr'::regclass AND rulename = '_RETURN'",
      );
      const lineage = readLineage(Buffer.from(String(row?.ev_action)));
      expect(server.describe(lineage)).toMatch(
        /^select id=customers.id em~customers.email blob~customers.card,customers.ssn \| /,
      );
    });

    it("gives one hash to a statement wherever it stands", async () => {
      const one = await server.lineage("SELECT email FROM customers WHERE id IN (1, 2)");
      const other = await server.lineage("SELECT email FROM customers WHERE id IN (1, 3)");
      const { trees } = await server.run("SELECT 1;  /* x */ SELECT email   FROM customers\n WHERE id  IN (1 , 2)");
      expect(readLineage(trees[1] ?? Buffer.alloc(0)).hash).toBe(one.hash);
      expect(other.hash).not.toBe(one.hash);
      expect(one.hash).toMatch(/^[0-9a-f]{32}$/);
    });

    it("tells the functions, operators and types behind a value", async () => {
      const { outputs, functions, types } = await server.lineage(
        "SELECT reverse(lower(email)), id::text FROM customers",
      );
      expect(outputs[0]?.functions).toEqual(expect.arrayContaining([3062, 870]));
      expect(functions).toEqual(expect.arrayContaining([3062, 870]));
      expect(types).toEqual(expect.arrayContaining([23, 25]));
      const call = version === "18" ? await server.lineage("CALL touch(1)") : undefined;
      if (call !== undefined) expect(call.functions.some((oid) => oid >= 16384)).toBe(true);
    });

    it.each(WAYS.filter((way) => isOurs(way, version)))("corpus $id: $sql", async ({ sql = "", control }) => {
      const { trees } = await server.run(`BEGIN; ${sql}`);
      await server.run("ROLLBACK");
      const seen = trees.map((tree) => readLineage(tree)).flatMap((lineage) => touched(lineage, server));
      expect(seen.some((column) => LABELLED.has(column))).toBe(control !== true);
    });

    it("refuses a tree that is cut off, and one that is none", async () => {
      const { trees } = await server.run("SELECT email FROM customers");
      const [tree = Buffer.alloc(0)] = trees;
      expect(() => readLineage(tree.subarray(0, tree.length / 2))).toThrow(LineageError);
      expect(() => readLineage(Buffer.from("?"))).toThrow(LineageError);
    });
  });
}

/** One SQL string that the fixtures alone are enough for, and that prints a tree. */
function isOurs({ id, sql, run, needs, expected, control }: Way, version: string): boolean {
  if (!id.startsWith("B") || sql === undefined || run === false || needs !== undefined || OTHER_LAYERS.has(id))
    return false;
  // PostgreSQL 14 and 15 print no trees of most utility statements.
  if (Number(version) < 16 && /^explain/.test(sql)) return false;
  return control === true || expected !== "allowed";
}

function touched(lineage: Lineage, server: TreeServer): readonly string[] {
  const refs = [
    ...lineage.outputs.flatMap(({ sources }) => sources),
    ...lineage.predicates.map(({ column }) => column),
    ...lineage.writes.flatMap(({ column, sources }) => [column, ...sources]),
  ];
  return refs.map((ref) => server.name(ref));
}
