import { describe, expect, it } from "vitest";
import { PREDICATE_USES } from "../operation.ts";
import type { PrincipalKind } from "../principal.ts";
import type { SqlDangerCategory, StatementFacts } from "../sql-facts.ts";
import { evaluate } from "./evaluate.ts";
import { contextOf, LABELS, operationOf, policyOf } from "./fixtures.test-data.ts";

const policy = policyOf(LABELS);
const shown = policyOf(LABELS, "version: 1\nrules: [{ id: m, mask: { default: constant }, unless: 'true' }]");

describe("predicates on a masked label (rule 4)", () => {
  it.each<[PrincipalKind, readonly string[]]>([
    ["user", ["allow", "allow", "allow", "review", "review"]],
    ["service", ["allow", "allow", "allow", "deny", "deny"]],
    ["ai_agent", ["review", "allow", "deny", "deny", "deny"]],
  ])("%s: %j", (kind, expected) => {
    const judge = (chosen: typeof policy) =>
      PREDICATE_USES.map((use) => {
        const operation = operationOf({}, { reads: ["pii.ssn"], predicates: [{ label: "pii.ssn", use, literals: 0 }] });
        return evaluate(chosen, operation, contextOf({ kind })).outcome;
      });
    expect(judge(policy)).toEqual(expected);
    expect(judge(shown)).toEqual(["allow", "allow", "allow", "allow", "allow"]);
  });

  it("can be changed for one label", () => {
    const lenient = policyOf(`version: 1
labels:
  a: { columns: [t.a], predicates: { ai_agent: { equality: allow } } }
  b: { columns: [t.b] }
`);
    const outcome = (label: string) => {
      const operation = operationOf({}, { predicates: [{ label, use: "equality", literals: 1 }] });
      return evaluate(lenient, operation, contextOf({ kind: "ai_agent" })).outcome;
    };
    expect([outcome("a"), outcome("b"), outcome("unheard.of")]).toEqual(["allow", "review", "review"]);
  });
});

describe("laundering (rule 5)", () => {
  const laundering = operationOf({ kind: "CREATE TABLE AS" }, { reads: ["pii.email"], laundering: true });

  it("is refused unless the label is shown", () => {
    expect(evaluate(policy, laundering, contextOf())).toMatchObject({ outcome: "deny", ruleId: "no-laundering" });
    expect(evaluate(shown, laundering, contextOf()).outcome).toBe("allow");
  });

  it("is refused through arguments of a dangerous function only where labels are touched", () => {
    const dangerous = [{ name: "pg_notify", category: "notify", dataArguments: true }] as const;
    expect(evaluate(policy, operationOf({ dangerous }, { reads: ["pii.email"] }), contextOf()).ruleId).toBe(
      "no-laundering",
    );
    expect(evaluate(policy, operationOf({ dangerous }, { opaque: true }), contextOf()).ruleId).toBe("no-laundering");
    expect(evaluate(policy, operationOf({ dangerous }), contextOf()).outcome).toBe("allow");
  });

  it("does not make an opaque read a refusal", () => {
    expect(evaluate(policy, operationOf({}, { opaque: true }), contextOf()).outcome).toBe("allow");
    const strict = policyOf(LABELS, "version: 1\ndefaults: { unknown_lineage: deny }");
    expect(evaluate(strict, operationOf({}, { opaque: true }), contextOf()).ruleId).toBe("unknown-lineage");
  });
});

describe("ways past every mask", () => {
  const call = (category: SqlDangerCategory): Partial<StatementFacts> => ({
    dangerous: [{ name: "f", category, dataArguments: false }],
  });

  it.each<[string, Partial<StatementFacts>, string | undefined]>([
    ["sql in a string", call("sql_in_string"), "no-sql-in-string"],
    ["files", call("file"), "no-server-files"],
    ["replication", call("replication"), "no-replication"],
    ["egress", call("egress"), "no-egress"],
    ["server", call("server"), "no-server-control"],
    ["large objects", call("large_object"), "no-large-objects"],
    ["a sequence", call("sequence"), undefined],
    ["a delay", call("delay"), undefined],
    ["statistics", { relations: [{ name: "pg_stats", access: "read" }] }, "no-planner-statistics"],
    ["unseen code", { kind: "DO", kinds: ["DO"], hasBody: true }, "no-unseen-code"],
    [
      "COPY to a file",
      { copy: { direction: "to", source: "table", endpoint: "file", format: "csv", options: { other: [] } } },
      "no-server-files",
    ],
  ])("%s", (_name, facts, ruleId) => {
    expect(evaluate(policy, operationOf(facts), contextOf()).ruleId).toBe(ruleId);
    expect(evaluate(shown, operationOf(facts), contextOf()).outcome).toBe("allow");
  });

  it("can be allowed by category", () => {
    const allowing = policyOf(LABELS, "version: 1\ndefaults: { builtins: { egress: allow } }");
    expect(evaluate(allowing, operationOf(call("egress")), contextOf()).outcome).toBe("allow");
    expect(evaluate(allowing, operationOf(call("file")), contextOf()).outcome).toBe("deny");
  });
});

describe("code of the database that nobody has read", () => {
  const unread = { names: ["app.a", "app.b", "app.c", "app.d"], labels: ["pii.ssn"] };

  it.each<[PrincipalKind, string]>([
    ["user", "review"],
    ["service", "deny"],
    ["ai_agent", "deny"],
  ])("may ask what an expression may: %s %s", (kind, outcome) => {
    const verdict = evaluate(policy, operationOf({}, { unread }), contextOf({ kind }));
    expect(verdict).toMatchObject({ outcome, ruleId: "no-unread-code" });
    expect(verdict.reason).toContain("app.a, app.b, app.c and 1 more");
    expect(evaluate(shown, operationOf({}, { unread }), contextOf({ kind })).outcome).toBe("allow");
  });

  it("is counted where such expressions are, and is no concern of other labels", () => {
    const counting = policyOf(LABELS, "version: 1\ndefaults: { predicates: { user: { expression: count } } }");
    expect(evaluate(counting, operationOf({}, { unread }), contextOf()).counted).toEqual([
      { label: "pii.ssn", use: "expression" },
    ]);
    expect(evaluate(policy, operationOf({}, { unread: { names: ["app.a"], labels: [] } }), contextOf()).outcome).toBe(
      "allow",
    );
  });
});

describe("what cannot be read", () => {
  it("never passes as replication or function call while labels are hidden", () => {
    const allowing = policyOf(LABELS, "version: 1\ndefaults: { unknown_statement: allow }");
    const outcome = (reason: "replication" | "analyser") =>
      evaluate(allowing, { type: "unknown", reason, message: "" }, contextOf()).outcome;
    expect([outcome("replication"), outcome("analyser")]).toEqual(["deny", "allow"]);
  });
});
