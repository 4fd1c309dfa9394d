import { PRINCIPAL_KINDS } from "../principal.ts";
import { readWritten, type WrittenOperation } from "../written/written-operation.ts";
import type { RuleSite } from "./compile-rule.ts";
import type { RuleTest } from "./compiled-policy.ts";
import type { DocumentPath } from "./document.ts";
import { onlyReads } from "./judge-kube.ts";
import type { RuleInput, TestInput } from "./schema.ts";

/** What a test leaves out is filled in so that the rule's own `match` selects it. */
export function compileTests(site: RuleSite): readonly RuleTest[] {
  const { document, path, input } = site;
  return (input.tests ?? []).flatMap((test, index) => {
    const at = [...path, "tests", index];
    const operation = compileOperation(site, at, test);
    if (operation === undefined) return [];
    const compiled: RuleTest = {
      operation,
      expect: test.expect,
      as: { ...principalFor(input), ...definedOf(test.as) },
      resource: {
        name: test.resource?.name ?? filled(input.match?.resources?.[0] ?? "test"),
        tags: { ...tagsFor(input), ...test.resource?.tags },
      },
      level: test.level ?? input.match?.levels?.[0] ?? lowestLevel(operation),
      line: document.lineOf(at),
    };
    return [compiled];
  });
}

function compileOperation(
  { document, problems }: RuleSite,
  at: DocumentPath,
  test: TestInput,
): WrittenOperation | undefined {
  const read = readWritten(test);
  if (read.ok) return read.value;
  const { message, hint } = read.problem;
  const finding = { message: `test ${message}`, ...(hint !== undefined && { hint }) };
  const path = [...at, ...read.path];
  problems.push(
    read.span === undefined ? document.problemAt(path, finding) : document.problemWithin(path, finding, read.span),
  );
  return undefined;
}

/** Else every write would be refused for its level, whatever the rule that is tested says. */
function lowestLevel(operation: WrittenOperation): RuleTest["level"] {
  return operation.type === "kube" && !onlyReads(operation.kube) ? "write" : "read";
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
