import { compilePolicy, type EvaluationContext, NO_LABELS, type StatementFacts } from "@tidewaiter/core";
import { expect, it } from "vitest";
import { VerdictMemory } from "./verdict-memory.ts";

const POLICY = (deny: string) => `
version: 1
rules:
  - id: rule
    unless: '"trusted" in principal.groups'
    when: 'sql.kind == "${deny}"'
    deny: no
`;

function policy(deny: string) {
  const compiled = compilePolicy([{ name: "p.yaml", source: POLICY(deny) }], 1);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.policy;
}

function context(groups: readonly string[] = []): EvaluationContext {
  return {
    principal: { id: "p", name: "ana", kind: "user", groups } as unknown as EvaluationContext["principal"],
    resource: { name: "db", protocol: "postgres", tags: {}, enforce: "on" } as EvaluationContext["resource"],
    level: "write",
    session: { client: "127.0.0.1" },
  };
}

const facts = (kind: string) =>
  ({
    kind,
    class: "read",
    opaque: false,
    columns: [],
    relations: [],
    functions: [],
    dangerous: [],
    writes: [],
    literals: [],
    outputs: [],
  }) as unknown as StatementFacts;

it("gives a verdict again, and makes a new one for another policy, context, statement or estimate", () => {
  const memory = new VerdictMemory();
  const select = facts("SELECT");
  const labels = { ...NO_LABELS };
  const [one, two] = [policy("DELETE"), policy("SELECT")];
  const ana = context();
  const operation = { type: "sql", facts: select, labels } as const;
  const first = memory.of(one, operation, ana);
  expect(first.outcome).toBe("allow");
  expect(memory.of(one, { ...operation }, ana)).toBe(first);
  expect(memory.of(two, operation, ana).outcome).toBe("deny");
  // her groups changed
  expect(memory.of(two, operation, context(["trusted"])).outcome).toBe("allow");
  expect(memory.of(two, operation, context()).outcome).toBe("deny");
  // another statement with the same labels
  expect(memory.of(one, { ...operation, facts: facts("DELETE") }, ana).outcome).toBe("deny");
  expect(memory.of(one, operation, ana)).not.toBe(memory.of(one, { ...operation, estimatedRows: 7 }, ana));
});
