import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MaskSpec, stricterMask } from "../mask.ts";
import { type KubeOperation, type Operation, PREDICATE_USES, type SshOperation } from "../operation.ts";
import { OUTCOMES, type Verdict } from "../verdict.ts";
import { compilePolicy } from "./compile.ts";
import { evaluate } from "./evaluate.ts";
import { contextOf, kubeOf, LABELS, operationOf, policyOf, rulesOf, sshOf } from "./fixtures.test-data.ts";
import { compileGlob } from "./glob.ts";

const LABEL_NAMES = ["pii.email", "pii.ssn"];
const label = fc.constantFrom(...LABEL_NAMES);
const ALWAYS = ['"dev" in principal.groups', 'resource.env == "prod"', "true", "false"];
/** A rule speaks of the operations of one protocol at most. */
const CONDITIONS = {
  sql: ['sql.kind == "DELETE"', 'sql.reads.exists(l, l == "pii.ssn")', "sql.estimated_rows > 10", "sql.limited"],
  ssh: [
    'ssh.channel in ["exec", "sftp"]',
    'ssh.programs.exists(p, p == "rm")',
    '!("rm" in ssh.programs)',
    "ssh.bytes > 10",
    'ssh.user == "root"',
    'ssh.direction == "download" && ssh.path.startsWith("/etc/")',
    'ssh.channel == "sftp" || ssh.programs.all(p, p == "ls")',
  ],
  kube: [
    'kube.verb == "delete"',
    'kube.resource == "pods" && kube.subresource == "exec"',
    'kube.namespace == "prod" && !("sre" in principal.groups)',
    'kube.labels["tier"] == "front"',
    '"app" in kube.labels && kube.verb != "get"',
    'kube.programs.exists(p, p == "rm")',
  ],
} as const;
const protocols = fc.constantFrom("sql" as const, "ssh" as const, "kube" as const);
const outcome = fc.constantFrom(
  "deny: no",
  "review: { by: [group:a] }",
  "review: { by: [group:a, group:b], count: 2 }",
  "mask: { default: token }",
  "mask: { pii.email: email_domain }",
  "budget: { window: 1h, rows: 5 }",
  "recording: { mode: durable }",
);

/** A rule without its id, and of which protocol it speaks. */
const spokenRule = protocols.chain((protocol) => {
  const condition = fc.constantFrom(...CONDITIONS[protocol], ...ALWAYS);
  return fc
    .record({ outcome, when: fc.option(condition), unless: fc.option(condition) })
    .map(({ outcome: what, when, unless }) => {
      const parts = [what, when === null ? "" : `when: '${when}'`, unless === null ? "" : `unless: '${unless}'`];
      const text = parts.filter((part) => part !== "").join(", ");
      return { protocol, text, speaks: text.includes(`${protocol}.`) };
    });
});
const rule = spokenRule.map(({ text }) => text);
const ruleList = fc
  .array(rule, { maxLength: 6 })
  .map((rules) => rules.map((text, index) => `{ id: r${index}, ${text} }`));

const sqlOperation: fc.Arbitrary<Operation> = fc
  .record({
    kind: fc.constantFrom("SELECT", "DELETE"),
    reads: fc.uniqueArray(label),
    opaque: fc.boolean(),
    laundering: fc.boolean(),
    predicates: fc.array(fc.record({ label, use: fc.constantFrom(...PREDICATE_USES), literals: fc.nat(3) }), {
      maxLength: 2,
    }),
    rows: fc.option(fc.nat(100), { nil: undefined }),
  })
  .map(({ kind, rows, ...labels }) => operationOf({ kind }, labels, rows));
const programs = fc.option(fc.subarray(["rm", "ls"]), { nil: undefined });
const transfer = fc.record({
  direction: fc.constantFrom("upload" as const, "download" as const),
  path: fc.constantFrom("/etc/passwd", "/srv/x"),
  bytes: fc.option(fc.nat(20), { nil: undefined }),
});
const sshOperation: fc.Arbitrary<SshOperation> = fc
  .record({
    channel: fc.constantFrom("exec" as const, "shell" as const, "sftp" as const, "direct-tcpip" as const),
    user: fc.constantFrom("root", "deploy"),
    programs,
    transfer: fc.option(transfer, { nil: undefined }),
  })
  .map(({ channel, user, programs: started, transfer: moved }) =>
    sshOf({ channel, user, programs: started, ...(moved !== undefined && { transfer: movedOf(moved) }) }),
  );
const kubeOperation: fc.Arbitrary<KubeOperation> = fc
  .record({
    verb: fc.constantFrom("get", "create", "delete"),
    subresource: fc.constantFrom("", "exec", "proxy"),
    namespace: fc.constantFrom("prod", "dev", ""),
    labels: fc.option(fc.constantFrom<Record<string, string>>({}, { app: "web" }, { tier: "front" }), {
      nil: undefined,
    }),
    programs,
    unread: fc.option(fc.constant("the body is no JSON"), { nil: undefined }),
  })
  .map(({ unread, ...changes }) => kubeOf({ ...changes, ...(unread !== undefined && { unread }) }));
const operation = fc.oneof(sqlOperation, sshOperation, kubeOperation);

type Moved = NonNullable<SshOperation["transfer"]>;

function movedOf({ bytes, ...rest }: Omit<Moved, "bytes"> & { readonly bytes?: number | undefined }): Moved {
  return { ...rest, ...(bytes !== undefined && { bytes }) };
}

/** The same, with nothing known of what may be unknown. */
function unknownParts(of: SshOperation | KubeOperation): Operation {
  if (of.type === "kube") return { ...of, labels: undefined, programs: undefined };
  const { transfer: moved } = of;
  return {
    ...of,
    user: undefined,
    programs: undefined,
    ...(moved && { transfer: { direction: moved.direction, path: moved.path } }),
  };
}

const context = fc
  .record({
    kind: fc.constantFrom("user" as const, "service" as const, "ai_agent" as const),
    groups: fc.subarray(["dev", "sre"]),
  })
  .map((principal) => contextOf(principal));

function atLeastAsStrict(mask: MaskSpec | "show" | undefined, before: MaskSpec | "show" | undefined): boolean {
  if (before === "show" || before === undefined) return true;
  return mask !== "show" && mask !== undefined && JSON.stringify(stricterMask(mask, before)) === JSON.stringify(mask);
}

const severity = (verdict: Verdict) => OUTCOMES.indexOf(verdict.outcome);

describe("policies, by property", () => {
  it("a rule that is added never loosens a verdict", () => {
    // Every label is mentioned from the start: a label that no rule mentions has the constant (meaning a).
    const base = "{ id: base, mask: { default: email_domain } }";
    fc.assert(
      fc.property(ruleList, rule, operation, context, (rules, added, asked, where) => {
        const before = evaluate(policyOf(LABELS, rulesOf(base, ...rules)), asked, where);
        const after = evaluate(policyOf(LABELS, rulesOf(base, ...rules, `{ id: added, ${added} }`)), asked, where);
        expect(severity(after)).toBeGreaterThanOrEqual(severity(before));
        for (const name of LABEL_NAMES) expect(atLeastAsStrict(after.masks[name], before.masks[name])).toBe(true);
        expect(after.budgets.length).toBeGreaterThanOrEqual(before.budgets.length);
      }),
      { numRuns: 150 },
    );
  });

  it("what is not known of an operation is never better for it than anything that it could be", () => {
    fc.assert(
      fc.property(ruleList, fc.oneof(sshOperation, kubeOperation), context, (rules, asked, where) => {
        const policy = policyOf(LABELS, rulesOf("{ id: base, recording: {} }", ...rules));
        const unknown = evaluate(policy, unknownParts(asked), where);
        const known = evaluate(policy, asked, where);
        expect(severity(unknown)).toBeGreaterThanOrEqual(severity(known));
        expect(unknown.budgets.length).toBeGreaterThanOrEqual(known.budgets.length);
      }),
      { numRuns: 300 },
    );
  });

  it("rules of one protocol decide nothing about another", () => {
    fc.assert(
      fc.property(spokenRule, operation, context, ({ protocol, text, speaks }, asked, where) => {
        fc.pre(speaks && protocol !== asked.type);
        const before = evaluate(policyOf(LABELS), asked, where);
        const after = evaluate(policyOf(LABELS, rulesOf(`{ id: r, ${text} }`)), asked, where);
        expect(severity(after)).toBe(severity(before));
        expect(after.budgets).toEqual(before.budgets);
      }),
      { numRuns: 150 },
    );
  });

  it("the order of rules and documents decides nothing", () => {
    fc.assert(
      fc.property(ruleList, operation, context, (rules, asked, where) => {
        const forward = evaluate(policyOf(LABELS, ...rules.map((each) => rulesOf(each))), asked, where);
        const backward = evaluate(policyOf(...rules.map((each) => rulesOf(each)).reverse(), LABELS), asked, where);
        expect(backward).toEqual(forward);
      }),
      { numRuns: 100 },
    );
  });

  it("evaluate says the same again and changes nothing", () => {
    fc.assert(
      fc.property(ruleList, operation, context, (rules, asked, where) => {
        const policy = policyOf(LABELS, rulesOf("{ id: base, recording: {} }", ...rules));
        const before = JSON.stringify([asked, where, policy.defaults, policy.rules.map((each) => each.id)]);
        const first = evaluate(policy, asked, where);
        expect(evaluate(policy, asked, where)).toEqual(first);
        expect(evaluate(policy, structuredClone(asked), structuredClone(where))).toEqual(first);
        expect(JSON.stringify([asked, where, policy.defaults, policy.rules.map((each) => each.id)])).toBe(before);
      }),
      { numRuns: 100 },
    );
  });

  it("documents of any content are compiled or refused, never thrown at", () => {
    const word = fc.constantFrom(
      "version",
      "rules",
      "labels",
      "id",
      "mask",
      "when",
      "- ",
      ": ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      "&a",
      "*a",
      "|",
      "!!x",
      "<<",
      "1",
      "null",
      "__proto__",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join("")),
    );
    const shaped = fc
      .record({ version: fc.anything(), rules: fc.anything(), labels: fc.anything(), defaults: fc.anything() })
      .map((value) => {
        return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? String(each) : each));
      });
    fc.assert(
      fc.property(fc.oneof(text, shaped), (source) => {
        const result = compilePolicy([{ name: "p", source }], 1);
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        for (const problem of result.problems) expect(Math.min(problem.line, problem.column)).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it("expressions of any content are compiled or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (source) => {
        const document = JSON.stringify({ version: 1, rules: [{ id: "a", deny: "x", when: source }] });
        expect(typeof compilePolicy([{ name: "p", source: document }], 1).ok).toBe("boolean");
      }),
    );
  });

  it("a glob matches as the equal regular expression does", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(piece, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }), (pattern, text) => {
        expect(compileGlob(pattern).matches(text)).toBe(new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(text));
      }),
    );
  });
});
