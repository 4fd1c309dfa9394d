import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LineageError } from "../../src/lineage/lineage-error.ts";
import { readLineage } from "../../src/lineage/read-lineage.ts";
import { SETUP } from "./setup.ts";
import { STATEMENTS } from "./statements.ts";
import { TreeServer } from "./tree-server.ts";

/** Trees that were damaged on the way, or by somebody: a result or a LineageError, and soon. */
describe("damaged trees", () => {
  const trees: Buffer[] = [];
  let server: TreeServer;
  beforeAll(async () => {
    server = await TreeServer.start("18", SETUP);
    for (const { sql } of STATEMENTS) {
      await server.run("BEGIN");
      trees.push(...(await server.run(sql)).trees);
      await server.run("ROLLBACK");
    }
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  const read = (tree: Buffer): "read" | "refused" => {
    const started = performance.now();
    try {
      readLineage(tree);
      return "read";
    } catch (error) {
      if (!(error instanceof LineageError)) throw error;
      return "refused";
    } finally {
      expect(performance.now() - started).toBeLessThan(3000);
    }
  };

  it("cut off anywhere are refused", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (which, where) => {
        const tree = trees[which % trees.length] ?? Buffer.alloc(0);
        // The text ends in a newline, which may be missing.
        expect(read(tree.subarray(0, where % (tree.length - 2)))).toBe("refused");
      }),
      { numRuns: 2000 },
    );
  });

  it("with other bytes are read or refused", () => {
    const signs = fc.constantFrom(...'(){}\\<>:"[] 019-bio'.split("").map((sign) => sign.charCodeAt(0)), 0, 255, 10);
    const change = fc.tuple(fc.nat(), signs, fc.constantFrom("replace", "insert", "remove"));
    fc.assert(
      fc.property(fc.nat(), fc.array(change, { minLength: 1, maxLength: 6 }), (which, changes) => {
        let tree = trees[which % trees.length] ?? Buffer.alloc(0);
        for (const [where, byte, kind] of changes) {
          const at = where % tree.length;
          const rest = kind === "insert" ? at : at + 1;
          const put = kind === "remove" ? [] : [byte];
          tree = Buffer.concat([tree.subarray(0, at), Buffer.from(put), tree.subarray(rest)]);
        }
        read(tree);
      }),
      { numRuns: 3000 },
    );
  });

  it("with parts of others in them are read or refused", () => {
    const part = fc.tuple(fc.nat(), fc.nat(), fc.nat());
    fc.assert(
      fc.property(part, part, ([which, from, length], [other, at]) => {
        const tree = trees[which % trees.length] ?? Buffer.alloc(0);
        const host = trees[other % trees.length] ?? Buffer.alloc(0);
        const start = from % tree.length;
        const piece = tree.subarray(start, start + (length % 2000));
        const where = at % host.length;
        read(Buffer.concat([host.subarray(0, where), piece, host.subarray(where)]));
      }),
      { numRuns: 1000 },
    );
  });

  it("of any depth end soon", () => {
    for (const depth of [100, 900, 1100, 100_000]) {
      const call = `${"{FUNCEXPR :funcid 1 :args (".repeat(depth)}${")}".repeat(depth)}`;
      const tree = Buffer.from(`({QUERY :commandType 1 :canSetTag true :targetList ({TARGETENTRY :expr ${call}})})`);
      expect(read(tree)).toBe(depth < 990 ? "read" : "refused");
    }
  });

  it("in which a recursive query holds another many times over end soon", () => {
    let query = "{QUERY :commandType 1 :rtable <> :targetList <>}";
    for (let depth = 0; depth < 100; depth++) {
      query = `{QUERY :commandType 1 :cteList ({COMMONTABLEEXPR :ctename r :cterecursive true :ctequery ${query}}) :rtable ({RANGETBLENTRY :rtekind 6 :ctename r :ctelevelsup 0 :self_reference true}) :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1}})}`;
    }
    read(Buffer.from(`(${query})`));
  });
});
