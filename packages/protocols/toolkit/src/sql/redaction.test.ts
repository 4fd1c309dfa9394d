import { readFileSync } from "node:fs";
import fc from "fast-check";
import { loadModule, scanSync } from "libpg-query";
import { describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";
import { tokenize } from "./lexer.ts";
import { redactUnparsed } from "./redaction.ts";

const classifier = await loadClassifier();
await loadModule();

function redacted(sql: string): { literals: string[]; secrets: string[]; normalised: string; fingerprint: string } {
  const result = classifier.classify(sql);
  if (!result.ok || result.statements[0] === undefined) throw new Error(`not parsed: ${sql}`);
  const { literals, secrets, normalised, fingerprint } = result.statements[0];
  const cut = (spans: typeof literals): string[] => spans.map(({ start, end }) => sql.slice(start, end));
  return { literals: cut(literals), secrets: cut(secrets), normalised, fingerprint };
}

describe("literals", () => {
  it("are exact slices whatever stands before them", () => {
    const sql =
      "select 'é😀', U&'d\\0061t', E'\\'', $$a'b$$, $x$y$x$, 1.5e3, b'101', 'a'\n 'b' from t where a = $1 -- 'no'";
    expect(redacted(sql)).toMatchObject({
      literals: ["'é😀'", "U&'d\\0061t'", "E'\\''", "$$a'b$$", "$x$y$x$", "1.5e3", "b'101'", "'a'\n 'b'"],
      normalised: "select $2, $3, $4, $5, $6, $7, $8, $9 from t where a = $1",
    });
  });

  it("a place in the target list is structure", () => {
    expect(redacted("select a, 5 from t order by 1").normalised).toBe("select a, $1 from t order by 1");
    expect(redacted("select a from t order by 1").fingerprint).not.toBe(
      redacted("select a from t order by 2").fingerprint,
    );
  });

  it("layout, case and values do not change the fingerprint; names do", () => {
    const shape = redacted("SELECT a FROM t WHERE b='x' AND c IN (1,2)").fingerprint;
    expect(redacted("select A\n from T where b = 'y' and c in( 3 , 4 ) -- no").fingerprint).toBe(shape);
    expect(redacted("select a from t where d = 'x' and c in (1, 2)").fingerprint).not.toBe(shape);
  });
});

describe("secrets", () => {
  it.each([
    ["alter role a password 'hunter2' valid until '2030-01-01'", ["'hunter2'"], ["'2030-01-01'"]],
    ["create role a login encrypted password $$hunter2$$", ["$$hunter2$$"], []],
    ["create user mapping for a server s options (user 'b', password 'c')", ["'b'", "'c'"], []],
    ["create subscription s connection 'host=a password=b' publication p", ["'host=a password=b'"], []],
    [
      "select * from dblink('host=a password=b', 'select 1') t(a int) where a = 7",
      ["'host=a password=b'", "'select 1'"],
      ["7"],
    ],
    ["select pgp_sym_decrypt(a, 'key') from t", ["'key'"], []],
    ["alter system set primary_conninfo = 'password=x'", ["'password=x'"], []],
    ["set app.api_token = 'x'", ["'x'"], []],
    [
      "do $$ begin execute 'alter role a password ''x'''; end $$",
      ["$$ begin execute 'alter role a password ''x'''; end $$"],
      [],
    ],
    ["update users set password = 'x' where id = 1", [], ["'x'", "1"]],
  ])("%s", (sql, secrets, literals) => {
    const found = redacted(sql);
    expect([found.secrets, found.literals]).toEqual([secrets, literals]);
    for (const secret of secrets) expect(found.normalised).not.toContain(secret);
  });

  it("a text that does not parse loses every literal", () => {
    expect(redactUnparsed("alter rol a password 'x' /* y */ 42 $$z$$ 'open")).toBe("alter rol a password ? ? ? ?");
  });
});

describe("lexer against PostgreSQL's scanner", () => {
  const corpus: string[] = JSON.parse(readFileSync(new URL("./corpus.json", import.meta.url), "utf8"));

  const scanned = (sql: string): string[] =>
    scanSync(sql)
      .tokens.filter((token) => !token.tokenName.endsWith("COMMENT"))
      .map((token) => `${token.start}-${token.end}`);

  const ours = (sql: string): string[] => {
    const bytes = (end: number): number => Buffer.byteLength(sql.slice(0, end));
    return tokenize(sql)
      .flatMap((token) => (/^(::|\.\.|:=)$/.test(sql.slice(token.start, token.start + 2)) ? [] : [token]))
      .map((token) => `${bytes(token.start)}-${bytes(token.end)}`);
  };

  it.each(corpus)("%s", (sql) => {
    const theirs = new Set(scanned(sql));
    // The scanner joins `::`, which is two punctuation marks to us.
    for (const token of tokenize(sql)) {
      if (token.kind === "punctuation") continue;
      expect(theirs, sql.slice(token.start, token.end)).toContain(
        `${Buffer.byteLength(sql.slice(0, token.start))}-${Buffer.byteLength(sql.slice(0, token.end))}`,
      );
    }
  });

  it("agrees on random texts of awkward pieces", () => {
    const piece = fc.constantFrom(
      "'a'",
      "''''",
      "E'\\''",
      "U&'\\0061'",
      '"q""q"',
      'U&"x"',
      "$$a$b$$",
      "$t$a$$b$t$",
      "$1",
      "1",
      "1.5",
      ".5",
      "1e5",
      "0x1F",
      "1_000",
      "a",
      "é",
      "_b$1",
      "+",
      "-",
      "<>",
      "||",
      "->>",
      "@>",
      "!=",
      "(",
      ")",
      "[",
      "]",
      ",",
      "/* c /* d */ ' */",
      "-- '\n",
      "b'01'",
      "x'ff'",
      "n'a'",
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.constantFrom(" ", "\n", "\t ")), { maxLength: 20 }), (pieces) => {
        const sql = pieces.map(([text, blank]) => text + blank).join("");
        // The scanner in WASM gives comments as tokens, so it does not continue a literal over one; PostgreSQL (4.1.2.1) does.
        fc.pre(!/'[ \t]*\n\s*--/.test(sql));
        if (sql.trim() !== "") expect(ours(sql)).toEqual(scanned(sql));
      }),
      { numRuns: 500 },
    );
  });
});
