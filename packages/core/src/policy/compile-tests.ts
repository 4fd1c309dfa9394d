import { PRINCIPAL_KINDS } from "../principal.ts";
import type { RuleSite } from "./compile-rule.ts";
import type { RuleTest } from "./compiled-policy.ts";
import type { RuleInput, TestInput } from "./schema.ts";

/** What a test leaves out is filled in so that the rule's own `match` selects it. */
export function compileTests({ document, path, input }: RuleSite): readonly RuleTest[] {
  return (input.tests ?? []).map((test, index) => ({
    sql: test.sql,
    expect: test.expect,
    as: { ...principalFor(input), ...definedOf(test.as) },
    resource: {
      name: test.resource?.name ?? filled(input.match?.resources?.[0] ?? "test"),
      tags: { ...tagsFor(input), ...test.resource?.tags },
    },
    level: test.level ?? input.match?.levels?.[0] ?? "read",
    line: document.lineOf([...path, "tests", index]),
  }));
}

function definedOf(as: TestInput["as"]): Partial<RuleTest["as"]> {
  return Object.fromEntries(Object.entries(as ?? {}).filter(([, value]) => value !== undefined));
}

function principalFor(input: RuleInput): RuleTest["as"] {
  const person = { kind: "user", name: "test", groups: [] } as const;
  const pattern = input.match?.principals?.[0];
  if (pattern === undefined) return person;
  if (pattern.startsWith("group:")) return { ...person, groups: [filled(pattern.slice("group:".length))] };
  if (!pattern.startsWith("kind:")) return { ...person, name: filled(pattern) };
  return { ...person, kind: PRINCIPAL_KINDS.find((kind) => `kind:${kind}` === pattern) ?? person.kind };
}

function tagsFor(input: RuleInput): Readonly<Record<string, string>> {
  const tags = Object.entries(input.match?.tags ?? {});
  return Object.fromEntries(
    tags.map(([name, value]) => [name, filled(typeof value === "string" ? value : (value[0] ?? ""))]),
  );
}

function filled(glob: string): string {
  return glob.replaceAll("*", "test");
}
