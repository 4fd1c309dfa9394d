import { describe, expect, it } from "vitest";
import type { WrittenOperation } from "../written/written-operation.ts";
import { describeEnvironment } from "./environment.ts";
import { explain, renderExplanation, renderExplanations } from "./explain.ts";
import { contextOf, kubeOf, LABELS, operationOf, policyOf, rulesOf, sshOf } from "./fixtures.test-data.ts";
import { runPolicyTests } from "./policy-tests.ts";

describe("explain", () => {
  const policy = policyOf(
    LABELS,
    rulesOf(
      "{ id: away, match: { resources: [x] }, deny: no }",
      "{ id: exempt, deny: no, unless: 'principal.kind == \"user\"' }",
      "{ id: guess, when: 'sql.estimated_rows > 5', review: { by: [group:a] } }",
      "{ id: quiet, deny: no, enforce: observe }",
    ),
  );
  const explanation = explain(policy, operationOf(), contextOf());

  it("says of every rule whether it applied and why", () => {
    expect(explanation.rules.map(({ ruleId, state, why }) => [ruleId, state, why])).toEqual([
      ["away", "not_matched", "match.resources does not select this resource"],
      ["exempt", "exempt", 'unless is true: principal.kind == "user"'],
      ["guess", "applies", "when is unknown here, which counts as a match"],
      ["quiet", "applies", "match selects it"],
    ]);
  });

  it("reads as text", () => {
    const text = renderExplanation(explanation);
    expect(text).toContain("SELECT by ana on pg-prod at level write\nverdict  review [guess] needs a second person");
    expect(text).toContain("observed deny by quiet");
  });

  it("reads as text of several operations, and counts the rules that speak of others", () => {
    const mixed = policyOf(
      rulesOf(
        "{ id: bulk, when: 'sql.kind == \"DELETE\"', deny: no }",
        "{ id: keys, when: 'ssh.path == \"/etc/shadow\"', deny: no }",
      ),
    );
    const transfer = { direction: "download", path: "/etc/shadow" } as const;
    const both = [sshOf(), sshOf({ channel: "redirect", transfer })].map((each) => explain(mixed, each, contextOf()));
    expect(renderExplanations(both)).toBe(
      [
        "judged as 2 operations; the strictest verdict decides",
        "  allow   ssh exec",
        "  deny    ssh redirect [keys]",
        "",
        "ssh exec by ana on pg-prod at level write",
        "verdict  allow",
        "rule     keys  -        when is false  p0.yaml:4",
        "rule     1 more speaks of other protocols",
        "",
        "ssh redirect by ana on pg-prod at level write",
        "verdict  deny [keys] no",
        "rule     keys  applies  match and when are true  p0.yaml:4",
        "rule     1 more speaks of other protocols",
      ].join("\n"),
    );
    expect(renderExplanations(both.slice(1))).toBe(renderExplanation(both[1] ?? expect.fail()));
  });
});

describe("runPolicyTests", () => {
  it("runs each test as a principal that the rule selects", () => {
    const policy = policyOf(
      LABELS,
      rulesOf(
        "{ id: a, match: { principals: ['kind:ai_agent'], tags: { env: prod } }, deny: no, tests: [{ sql: x, expect: denied }, { sql: x, as: { kind: user }, expect: allowed }] }",
        "{ id: b, match: { principals: ['group:ops'] }, deny: no, enforce: observe, tests: [{ sql: x, expect: observed }, { sql: x, expect: denied }] }",
      ),
    );
    const results = runPolicyTests(policy, () => [operationOf()]);
    expect(results.map(({ ruleId, actual, ok }) => [ruleId, actual, ok])).toEqual([
      ["a", "denied", true],
      ["a", "allowed", true],
      ["b", "observed", true],
      ["b", "allowed", false],
    ]);
    expect(results[0]).toMatchObject({ document: "p1.yaml", line: 3 });
  });
});

describe("what a test of a cluster sees of Secrets", () => {
  const test =
    "{ kube: 'get secrets db -n prod', expect: masked }, { kube: 'get configmaps -n prod', expect: allowed }";
  const rule = `{ id: a, when: 'kube.verb == "delete"', deny: no, tests: [${test}] }`;
  const operations = (written: WrittenOperation) =>
    written.type === "kube" ? [kubeOf({ verb: "get", resource: written.kube.resource })] : [];

  it("they are masked, unless a policy shows them", () => {
    const passed = (...documents: readonly string[]) =>
      runPolicyTests(policyOf(...documents), operations).map(({ actual, ok }) => [actual, ok]);
    expect(passed(rulesOf(rule))).toEqual([
      ["masked", true],
      ["allowed", true],
    ]);
    const shown = "{ id: s, match: { labels: [kube.secret] }, mask: { kube.secret: token }, unless: 'true' }";
    expect(passed("version: 1\nlabels: { kube.secret: {} }", rulesOf(rule, shown))).toEqual([
      ["allowed", false],
      ["allowed", true],
    ]);
  });
});

describe("the resource of a test", () => {
  it("speaks the protocol of what is tested", () => {
    const of = { sql: operationOf(), ssh: sshOf(), kube: kubeOf() };
    for (const [type, protocol] of Object.entries({ sql: "postgres", ssh: "ssh", kube: "kubernetes" })) {
      const tests = "{ sql: x, expect: denied }, { ssh: id, expect: denied }, { kube: get pods, expect: denied }";
      const policy = policyOf(
        rulesOf(`{ id: a, when: 'resource.protocol == "${protocol}"', deny: no, tests: [${tests}] }`),
      );
      const results = runPolicyTests(policy, (written) => [of[written.type]]);
      expect(results.filter(({ actual }) => actual === "denied").map((result) => result.type)).toEqual([type]);
    }
  });
});

describe("runPolicyTests, of several operations", () => {
  it("says the strictest verdict, and masks and observations of any", () => {
    const rule = (expect: string) =>
      policyOf(
        LABELS,
        rulesOf(
          `{ id: d, when: 'sql.kind == "DELETE"', deny: no, tests: [{ sql: x, expect: ${expect} }] }`,
          "{ id: r, when: 'sql.kind == \"UPDATE\"', review: { by: [group:a] } }",
          "{ id: o, when: 'sql.kind == \"INSERT\"', deny: no, enforce: observe }",
        ),
      );
    const actual = (kinds: readonly string[], expected = "allowed") =>
      runPolicyTests(rule(expected), () =>
        kinds.map((kind) => operationOf({ kind }, kind === "TABLE" ? { reads: ["pii.ssn"] } : {})),
      )[0]?.actual;
    expect(actual(["SELECT"])).toBe("allowed");
    expect(actual(["SELECT", "TABLE", "SELECT"])).toBe("masked");
    expect(actual(["TABLE", "UPDATE", "SELECT"])).toBe("review");
    expect(actual(["UPDATE", "DELETE", "SELECT"])).toBe("denied");
    expect(actual(["SELECT", "INSERT"])).toBe("allowed");
    expect(actual(["SELECT", "INSERT"], "observed")).toBe("observed");
  });
});

describe("describeEnvironment", () => {
  it("names every field", () => {
    expect(describeEnvironment()).toContain("| `principal.groups` | list<string> |");
    expect(describeEnvironment()).toContain("| `kube.subresource` | string |");
  });
});
