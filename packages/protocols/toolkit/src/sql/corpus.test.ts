import { readFileSync } from "node:fs";
import type { StatementFacts } from "@tidewaiter/core/sql-facts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";

const classifier = await loadClassifier();
const corpus: string[] = JSON.parse(readFileSync(new URL("./corpus.json", import.meta.url), "utf8"));
const LABELLED = ["full_name", "email", "ssn", "phone", "card", "dob"];

function statements(sql: string): readonly StatementFacts[] {
  const result = classifier.classify(sql);
  if (!result.ok) throw new Error(`${sql}: ${result.message}`);
  return result.statements;
}

/** Facts without what depends on the layout of the text. */
function meaning(facts: StatementFacts): unknown {
  const {
    span: _s,
    literals: _l,
    secrets: _c,
    normalised: _n,
    fingerprint: _f,
    copy,
    preparedSql: _p,
    ...rest
  } = facts;
  return {
    ...rest,
    // where a compared value stands among the literals
    columns: rest.columns.map(({ values: _v, ...column }) => column),
    ...(copy === undefined ? {} : { format: copy.format, direction: copy.direction, options: copy.options }),
  };
}

/** One summary a reviewer can read: verb, class, where it matters, labelled columns and how they are used. */
function summary(facts: StatementFacts): string {
  const labelled = facts.columns.filter((use) => use.name === "*" || LABELLED.includes(use.name));
  const uses = [...new Set(labelled.map((use) => `${use.name}:${use.use}`))].sort().join(" ");
  const outputs = facts.outputs
    .map((output) => (output.columns === "unknown" ? "?" : output.columns.join("+")))
    .join(",");
  const extra = [
    ...facts.dangerous.map((call) => call.category),
    facts.where,
    facts.set?.name,
    facts.copy?.endpoint,
  ].filter(Boolean);
  return `${facts.kinds.join("+")} | ${facts.class} | ${outputs} | ${uses} | ${extra.join(" ")}`;
}

describe("the bypass corpus", () => {
  it("gives the reviewed facts", async () => {
    const lines = corpus.flatMap((sql) => [
      sql.replaceAll("\n", " "),
      ...statements(sql).map((facts) => `  ${summary(facts)}`),
    ]);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("./transcripts/corpus.txt");
  });

  it("nothing in it is opaque or of unknown class", () => {
    for (const sql of corpus)
      for (const facts of statements(sql)) expect([facts.opaque, facts.class], sql).not.toContain("unknown");
    for (const sql of corpus) for (const facts of statements(sql)) expect(facts.opaque, sql).toBe(false);
  });
});

describe("layout is no disguise", () => {
  /** Rewrites a statement between its tokens only: comments, white space, case of unquoted words. */
  const disguise = (sql: string, blanks: readonly string[]): string => {
    let turn = 0;
    return sql
      .split(/('(?:[^']|'')*'|"[^"]*"|\$\$[\s\S]*?\$\$|--[^\n]*\n|\/\*[\s\S]*?\*\/)/)
      .map((part, index) =>
        index % 2 === 1
          ? part
          : part
              .replace(/\s+/g, () => ` ${blanks[turn++ % blanks.length]} `)
              .replace(/[a-z]+/gi, (word) => (turn++ % 2 ? word.toUpperCase() : word)),
      )
      .join("");
  };

  it("comments, white space and case change no fact", () => {
    const blank = fc.constantFrom("", "\n", "\t", "/* x */", "/* ' /* \" */ */", "-- '\n", "/*é😀*/");
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.array(blank, { minLength: 1, maxLength: 5 }), (sql, blanks) => {
        expect(statements(disguise(sql, blanks)).map(meaning)).toEqual(statements(sql).map(meaning));
      }),
      { numRuns: 300 },
    );
  });

  it("Unicode escapes and quotes change no fact", () => {
    const plain = statements("select email from customers where ssn = '5'").map(meaning);
    expect(
      statements(`select U&"em\\0061il" from "customers" where U&"s!0073n" UESCAPE '!' = U&'\\0035'`).map(meaning),
    ).toEqual(plain);
  });

  it("n statements in one string are n statements with exact spans", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...corpus), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(";", ";;\n", "; /* é😀; */ "),
        (parts, glue) => {
          const sql = parts.join(glue);
          const found = statements(sql);
          expect(found.length).toBe(parts.flatMap((part) => statements(part)).length);
          for (const facts of found) {
            const [alone] = statements(sql.slice(facts.span.start, facts.span.end));
            expect(alone === undefined ? undefined : meaning(alone)).toEqual(meaning(facts));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
