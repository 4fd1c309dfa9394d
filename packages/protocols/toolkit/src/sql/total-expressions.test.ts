import { describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";

const classifier = await loadClassifier();

/** `email:asking`, each once. */
function uses(sql: string): string[] {
  const result = classifier.classify(sql);
  if (!result.ok) throw new Error(`${sql}: ${result.message}`);
  const [facts] = result.statements;
  return [...new Set(facts?.columns.map(({ name, use }) => `${name}:${use}`))].sort();
}

describe("expressions that fail, give NULL or several rows by the value, and so ask a question", () => {
  it.each([
    "1 / (ascii(ssn) - 75)",
    "ssn::int",
    "ssn::regclass",
    "lower(ssn)::date",
    "chr(ascii(ssn) - 70)",
    "substr('abc', 1, 50 - ascii(ssn))",
    "ln(length(ssn) - 2)",
    "regexp_match(ssn, 'K')",
    "substring(ssn from '([a-z]+)')",
    "to_regclass(ssn)",
    "has_table_privilege(ssn, 'select')",
    "unnest(string_to_array(ssn, 'e'))",
    "generate_series(1, length(ssn))",
    "length(ssn) * 100000000",
    "convert_to(ssn, 'LATIN1')",
    "json_build_object(ssn, 1)",
    "format('%I', ssn)",
    "100 / length(ssn)",
    "xmlelement(name a, ssn)",
    "public.lower(ssn)",
  ])("%s", (value) => expect(uses(`select ${value} from c`)).toEqual(["ssn:asking"]));

  it.each([
    "lower(ssn)",
    "reverse(ssn) || '-' || left(ssn, 3)",
    "ssn::text::varchar(5)",
    "length(ssn)::int",
    "length(ssn) / 2 % 7",
    "md5(concat(ssn, upper(ssn)))",
    "encode(convert_to(ssn, 'UTF8'), 'hex')",
    "substr(ssn, 2, 3)",
    "to_char(ssn, 'YYYY')",
    "extract(year from age(ssn))",
    "json_build_object('a', ssn)",
    "format('%s: %L', ssn, 1)",
    "coalesce(ssn, 'none')",
    "array_agg(ssn)",
    "(to_jsonb(c.ssn) ->> 'a')",
    "string_agg(ssn, ',')",
  ])("not %s", (value) => expect(uses(`select ${value} from c`)).toEqual(["ssn:output"]));

  it("takes constants for what they are", () => {
    expect(uses("select '1'::int, 1 / 0, ln(2), generate_series(1, 3) from c")).toEqual([]);
  });
});
