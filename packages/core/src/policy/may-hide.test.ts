import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeOperation } from "../operation.ts";
import { evaluate, mayHide } from "./evaluate.ts";
import { contextOf, kubeOf, policyOf } from "./fixtures.test-data.ts";

const policy = (...rules: readonly string[]) =>
  policyOf(`version: 1\nrules:\n${rules.map((rule, n) => `  - { id: r${n}, ${rule} }\n`).join("")}`);
const list = (change: Partial<KubeOperation> = {}) => kubeOf({ verb: "list", name: "", labels: {}, ...change });
const hides = (when: string, change?: Partial<KubeOperation>) =>
  mayHide(policy(`deny: no, when: '${when}'`), list(change), contextOf());

describe("lists that may hold what must not be seen", () => {
  it.each([
    'kube.name == "x"',
    'kube.name != "x"',
    'kube.name in ["x"]',
    '!(kube.name in ["x", "y"])',
    'kube.name.startsWith("x")',
    "size(kube.name) > 3",
    '[kube.name].exists(n, n == "x")',
    "has(kube.name)",
    '!has(kube.labels) && kube.verb == "list"',
    'kube.labels["tier"] == "hidden"',
    '"tier" in kube.labels',
    '!("tier" in kube.labels)',
    'kube.labels.exists(l, l == "tier")',
    'kube.verb == "get" && kube.name == "x"',
    'kube.name == "x" ? true : false',
    'kube.namespace == "prod"',
    'kube.namespace == "prod" && kube.verb in ["get", "list"]',
    'dyn(kube.name) == "x"',
  ])("by %s", (when) => {
    expect(hides(when)).toBe(true);
  });

  it.each([
    'kube.verb == "delete" && kube.name == "x"',
    'kube.name == "x" && kube.verb == "delete"',
    'kube.namespace.startsWith("kube-") && !(kube.verb in ["get", "list", "watch"])',
    'kube.resource == "secrets" && kube.labels["tier"] == "hidden"',
    'kube.subresource == "exec" && !("sre" in kube.labels)',
    'kube.namespace == "dev"',
    'kube.verb == "delete"',
  ])("not by %s", (when) => {
    expect(hides(when)).toBe(false);
  });

  it("of all namespaces, or of namespaces, where the rule names one", () => {
    expect(hides('kube.namespace == "dev"', { namespace: "" })).toBe(true);
    expect(hides('kube.namespace == "dev"', { namespace: "prod", resource: "namespaces" })).toBe(true);
  });

  it("not by what only asks, masks, exempts or is watched", () => {
    const when = `when: 'kube.name == "x"'`;
    expect(mayHide(policy(`review: { by: [group:a] }, ${when}`), list(), contextOf())).toBe(false);
    expect(
      mayHide(policy(`deny: no, ${when}, unless: '"sre" in principal.groups'`), list(), contextOf({ groups: ["sre"] })),
    ).toBe(false);
    expect(mayHide(policy(`deny: no, ${when}`), list(), contextOf({}, { enforce: "observe" }))).toBe(false);
  });

  it("never hides what it said it would not", () => {
    const text = fc.constantFrom("x", "web-1", "prod", "dev", "kube-system", "");
    const field = fc.constantFrom(
      "kube.name",
      "kube.namespace",
      'kube.labels["tier"]',
      "kube.verb",
      "kube.resource",
      "kube.subresource",
    );
    const atom = fc.oneof(
      fc.tuple(field, fc.constantFrom("==", "!="), text).map(([name, is, value]) => `${name} ${is} "${value}"`),
      fc.tuple(field, text).map(([name, value]) => `${name}.startsWith("${value}")`),
      fc.tuple(field, text, text).map(([name, one, two]) => `${name} in ["${one}", "${two}"]`),
      fc.constantFrom(
        '"tier" in kube.labels',
        'kube.labels.exists(l, l == "tier")',
        "has(kube.name)",
        "has(kube.labels)",
        "size(kube.labels) == 0",
        'kube.verb == "get"',
        'kube.verb == "delete"',
        "true",
        "false",
      ),
    );
    const { condition } = fc.letrec<{ condition: string }>((tie) => ({
      condition: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        atom,
        fc
          .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
          .map(([one, is, two]) => `(${one} ${is} ${two})`),
        tie("condition").map((inner) => `!(${inner})`),
        fc
          .tuple(tie("condition"), tie("condition"), tie("condition"))
          .map(([one, two, three]) => `(${one} ? ${two} : ${three})`),
      ),
    }));
    // a rule that says the same of all objects of a kind is one about the list
    const tellsApart = (rule: readonly unknown[]) => /kube\.(name|namespace|labels)\b/.test(String(rule));
    const rules = fc.array(fc.tuple(condition, fc.option(condition)).filter(tellsApart), {
      minLength: 1,
      maxLength: 3,
    });
    const object = fc.record({
      name: text,
      namespace: text,
      labels: fc.option(fc.dictionary(fc.constantFrom("tier", "app"), text), { nil: undefined }),
    });
    const kind = fc.constantFrom("pods", "namespaces", "secrets");
    const where = fc.constantFrom("", "prod", "dev");
    let kept = 0;
    fc.assert(
      fc.property(
        rules,
        kind,
        where,
        fc.array(object, { minLength: 1, maxLength: 6 }),
        (all, resource, namespace, objects) => {
          const compiled = policy(
            ...all.map(
              ([when, unless]) => `deny: no, when: '${when}'${unless === null ? "" : `, unless: '${unless}'`}`,
            ),
          );
          const asked = list({ resource, namespace });
          if (mayHide(compiled, asked, contextOf())) return;
          kept++;
          for (const each of objects) {
            // of the one namespace that was asked for
            const its = resource !== "namespaces" && namespace !== "" ? { ...each, namespace } : each;
            expect(evaluate(compiled, { ...asked, ...its, verb: "get" }, contextOf()).outcome).not.toBe("deny");
          }
        },
      ),
      { numRuns: process.env.TIDEWAITER_LONG === "1" ? 20_000 : 2_000 },
    );
    expect(kept).toBeGreaterThan(50);
  });
});
