import { describe, expect, it } from "vitest";
import { compilePolicy } from "./compile.ts";
import { LABELS } from "./fixtures.test-data.ts";
import { formatProblem } from "./problem.ts";
import { policyJsonSchema } from "./schema.ts";

function problemsOf(...sources: readonly string[]): readonly string[] {
  const result = compilePolicy(
    sources.map((source, index) => ({ name: `p${index}.yaml`, source })),
    1,
  );
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).split("\n")[0] ?? "");
}

describe("compilePolicy", () => {
  it("says a problem in the form of messages.md", () => {
    const source = `version: 1
labels: { pii.email: { columns: [customers.email] } }









rules:
  - id: mask-pii
    mask: { default: constant }
    unless: '"pii-readers" in principal.group'
`;
    const result = compilePolicy([{ name: "policies/pii.yaml", source }], 1);
    expect(result.ok ? "" : result.problems.map(formatProblem).join("\n")).toBe(
      `policies/pii.yaml:15:13  rule "mask-pii": unknown name "principal.group"; did you mean "principal.groups"?
      15 |     unless: '"pii-readers" in principal.group'
         |                               ^^^^^^^^^^^^^^^`,
    );
  });

  const rule = (text: string) => `${LABELS}rules:\n  - ${text}\n`;

  it.each([
    ["a: 1\nversion: 1\n", ['p0.yaml:1:1  unknown key "a"']],
    ["version: 2\n", ["p0.yaml:1:10  version must be 1, not 2"]],
    ["", ['p0.yaml:1:1  "version" is missing']],
    ["- 1\n", ["p0.yaml:1:1  must be a mapping, not a list"]],
    [rule("{ id: a, dney: x }"), ['p0.yaml:6:14  rule "a": unknown key "dney"; did you mean "deny"?']],
    [rule("{ id: a }"), ['p0.yaml:6:5  rule "a": does nothing: it needs deny, review, mask, budget or recording']],
    [
      rule("{ id: A b, deny: x }"),
      ['p0.yaml:6:11  rule "A b": id "A b" is not kebab-case, such as no-unbounded-write'],
    ],
    [
      rule("{ id: a, deny: x, on_review: hold }"),
      ['p0.yaml:6:23  rule "a": on_review means something only beside review'],
    ],
    [rule("{ id: no-egress, deny: x }"), ['p0.yaml:6:11  rule "no-egress": its id is that of a built-in rule']],
    [
      rule("{ id: a, deny: x, match: { labels: [pi.ssn] } }"),
      ['p0.yaml:6:41  rule "a": no label matches "pi.ssn"; did you mean "pii.ssn"?'],
    ],
    [
      rule("{ id: a, mask: { pii.emial: token } }"),
      ['p0.yaml:6:22  rule "a": mask names "pii.emial", which is no label; did you mean "pii.email"?'],
    ],
    [
      rule("{ id: a, mask: { pii.ssn: tokn } }"),
      ['p0.yaml:6:31  rule "a": pii.ssn has a form that is not understood: "tokn"; did you mean "token"?'],
    ],
    [
      rule('{ id: a, mask: { pii.ssn: { json: { "$.a": tokn } } } }'),
      ['p0.yaml:6:48  rule "a": $.a has a form that is not understood: "tokn"; did you mean "token"?'],
    ],
    [
      rule("{ id: a, mask: { pii.ssn: { json: { a.b: token } } } }"),
      ['p0.yaml:6:41  rule "a": "a.b" is no path such as $.ssn, $.items[*].card, $["first name"] or $..email'],
    ],
    [rule("{ id: a, mask: { pii.ssn: { json: {} } } }"), ['p0.yaml:6:39  rule "a": json names no path']],
    [rule("{ id: a, mask: { pii.ssn: { last: 0 } } }"), ['p0.yaml:6:39  rule "a": last is smaller than 1']],
    [
      rule("{ id: a, deny: x, when: 'sql.kind == 1' }"),
      [expect.stringMatching(/^p0.yaml:6:29 {2}rule "a": no such overload: /)],
    ],
    [
      rule("{ id: a, deny: x, when: 'has(sql.knd)' }"),
      ['p0.yaml:6:29  rule "a": unknown name "sql.knd"; did you mean "sql.kind"?'],
    ],
    [
      rule('{ id: a, deny: x, when: \'sql.kind == "a" || kube.verb == "b"\' }'),
      ['p0.yaml:6:29  rule "a": speaks of kube and sql; write one rule for each'],
    ],
    [
      rule("{ id: a, deny: x, when: 'sql.kind.matches(sql.where)' }"),
      ['p0.yaml:6:29  rule "a": matches needs its pattern as a literal'],
    ],
    [rule("{ id: a, deny: x, when: 'sql.kind/*matches*/.matches(\"a\")' }"), [expect.stringContaining('rule "a"')]],
    ["version: 1\nlabels: { a: { names: '(?=x)' } }", ['p0.yaml:2:23  label "a": names is not a valid RE2 pattern']],
    [
      "version: 1\nlabels: { a: { columns: [a.b.c.d] } }",
      ['p0.yaml:2:26  label "a": "a.b.c.d" is not schema.table.column or table.column'],
    ],
    ["version: 1\nlabels: { a: {} }", ['p0.yaml:2:11  label "a": needs columns, names or detect']],
    ["version: 1\nx: &a [1]\ny: *a", ["p0.yaml:3:4  aliases (*name) are not allowed; write it out"]],
  ])("refuses %j", (source, expected) => {
    expect(problemsOf(source)).toEqual(expected);
  });

  it("points into literal blocks", () => {
    const source = rule('id: a\n    deny: x\n    when: |\n      sql.kind == "X" &&\n        sql.reeds == []');
    expect(problemsOf(source)).toEqual(['p0.yaml:10:9  rule "a": unknown name "sql.reeds"; did you mean "sql.reads"?']);
  });

  it("merges documents and refuses what contradicts", () => {
    const a = rule("{ id: a, deny: x }");
    expect(problemsOf(a, "version: 1\nrules: [{ id: a, deny: y }]")).toEqual([
      'p1.yaml:2:15  rule "a": its id is taken in p0.yaml:6',
    ]);
    expect(problemsOf(LABELS, "version: 1\nlabels: { pii.ssn: { columns: [x.y] } }")).toEqual([
      'p1.yaml:2:11  label "pii.ssn": is defined differently in p0.yaml',
    ]);
    expect(problemsOf(LABELS, LABELS)).toEqual([]);
    const defaults = (value: string) => `version: 1\ndefaults: { laundering: ${value} }`;
    expect(problemsOf(defaults("deny"), defaults("review"))).toEqual([
      "p1.yaml:2:13  defaults.laundering is set differently in p0.yaml",
    ]);
  });

  it("declares functions, with labels that exist", () => {
    const functions = (list: string) => `version: 1\nfunctions: [${list}]`;
    expect(problemsOf(LABELS, functions("{ name: app.f, reads: none }, { name: 'app.g_*', reads: [pii.*] }"))).toEqual(
      [],
    );
    expect(problemsOf(LABELS, functions("{ name: f, reads: none }"))[0]).toContain("is not schema.function");
    expect(problemsOf(LABELS, functions("{ name: a.f, reads: [nope.*] }"))[0]).toContain('no label is called "nope.*"');
  });

  it("keeps its limits", () => {
    expect(problemsOf(`version: 1\n# ${"x".repeat(1_048_576)}`)).toEqual([
      "p0.yaml:1:1  document is larger than 1 MiB",
    ]);
    const many = Array.from({ length: 1_500 }, (_, index) => `  - { id: r${index}, deny: x }\n`).join("");
    const other = many.replaceAll("id: r", "id: s");
    expect(problemsOf(`version: 1\nrules:\n${many}`, `version: 1\nrules:\n${other}`)[0]).toContain(
      "more than 2000 rules",
    );
    expect(problemsOf(rule(`{ id: a, deny: x, when: '${"true && ".repeat(1_000)}true' }`))).toHaveLength(1);
    expect(problemsOf("[".repeat(100_000)).length).toBeGreaterThan(0);
  });

  it("takes every kind of limit, and refuses one on a label that does not exist", () => {
    const amounts =
      'rows: 1, bytes: 2kB, errors: 5, cells: { "pii.*": 6 }, predicates: { pii.email: 7 }, distinct: { "*": 8 }';
    const budgetOf = (limits: string) => rule(`{ id: a, budget: { window: 1h, per: resource, ${limits} } }`);
    const result = compilePolicy([{ name: "p", source: budgetOf(amounts) }], 1);
    expect(result.ok && result.policy.rules[0]?.budget).toEqual({
      windowSeconds: 3600,
      per: "resource",
      limits: { rows: 1, bytes: 2000, errors: 5, "cells:pii.*": 6, "predicates:pii.email": 7, "distinct:*": 8 },
      onExceed: "deny",
    });
    expect(problemsOf(budgetOf("cells: { pii.emial: 5 }"))[0]).toContain(
      'budget.cells names "pii.emial", which is no label',
    );
    expect(problemsOf(budgetOf("on_exceed: end"))[0]).toContain("budget needs rows, bytes");
    expect(problemsOf(budgetOf("distinct: { pii.email: 1000000 }"))[0]).toContain("larger than 10000");
  });

  it("takes canaries by the hashes of their values", () => {
    const hash = "9F".repeat(32);
    const policy = (canary: string) =>
      `version: 1\nlabels: { pii.email: { columns: [t.email] } }\ncanaries:\n  - ${canary}\n`;
    const result = compilePolicy(
      [
        {
          name: "p",
          source: policy(`{ id: bait, label: "pii.*", values_sha256: ["${hash}"], except: ["kind:service"] }`),
        },
      ],
      1,
    );
    expect(result.ok && result.policy.canaries).toMatchObject([
      { id: "bait", hashes: new Set([hash.toLowerCase()]), onHit: "end", except: [{ type: "kind" }] },
    ]);
    expect(problemsOf(policy(`{ id: bait, label: pii.ssn, values_sha256: ["${hash}"] }`))[0]).toContain(
      'canary "bait": no label matches "pii.ssn"',
    );
    expect(problemsOf(policy("{ id: bait, label: pii.email, values_sha256: [bait@example.com] }"))[0]).toContain(
      "SHA-256",
    );
    expect(
      problemsOf(policy(`{ id: bait, label: pii.email, values_sha256: ["${hash}"], values: [bait@example.com] }`))[0],
    ).toContain('unknown key "values"');
  });
});

describe("policyJsonSchema", () => {
  it("describes rules strictly", () => {
    const schema = JSON.stringify(policyJsonSchema());
    expect(schema).toContain('"on_review"');
    expect(schema).toContain('"additionalProperties":false');
  });
});
