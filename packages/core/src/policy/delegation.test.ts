import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import { contextOf, LABELS, operationOf, policyOf, rulesOf } from "./fixtures.test-data.ts";

const person = { id: "prn_2", name: "ana", groups: ["dba", "readers"] };
const alone = contextOf({ id: person.id, name: person.name, kind: "user", groups: person.groups });
const agent = contextOf({ name: "coder", kind: "ai_agent", groups: ["agents"], onBehalfOf: person });
const operation = operationOf({}, { reads: ["pii.email"] });

/** Each exempts ana when she comes herself. */
const EXEMPTIONS = [
  '"dba" in principal.groups',
  'principal.name == "ana"',
  'principal.kind == "user"',
  'principal.kind != "ai_agent"',
  'principal.groups.exists(g, g == "readers")',
  '!("agents" in principal.groups)',
];

/** These speak of the person behind an agent, and so exempt nobody who comes through one. */
const ABOUT_THE_PERSON = [
  'principal.on_behalf_of.name == "ana"',
  '"dba" in principal.on_behalf_of.groups',
  "has(principal.on_behalf_of)",
];

describe("an exemption of a person is never an AI agent's that acts for them", () => {
  it.each(EXEMPTIONS)("deny unless %s", (unless) => {
    const policy = policyOf(LABELS, rulesOf(`{ id: r, unless: '${unless}', deny: stop }`));
    expect(evaluate(policy, operation, alone).outcome).toBe("allow");
    expect(evaluate(policy, operation, agent)).toMatchObject({ outcome: "deny", ruleId: "r" });
  });

  it.each([...EXEMPTIONS, ...ABOUT_THE_PERSON])("mask unless %s", (unless) => {
    const rule = `{ id: r, match: { labels: [pii.email] }, unless: '${unless}', mask: { pii.email: token } }`;
    expect(evaluate(policyOf(LABELS, rulesOf(rule)), operation, agent).masks["pii.email"]).not.toBe("show");
  });

  it.each([...EXEMPTIONS, ...ABOUT_THE_PERSON])("review unless %s", (unless) => {
    const rule = `{ id: r, unless: '${unless}', review: { by: [group:owners] } }`;
    expect(evaluate(policyOf(LABELS, rulesOf(rule)), operation, agent).outcome).toBe("review");
  });

  it("nor does what exempts the agent alone exempt it with a person who is not exempt", () => {
    const policy = policyOf(LABELS, rulesOf(`{ id: r, unless: 'principal.name == "coder"', deny: stop }`));
    expect(evaluate(policy, operation, agent).outcome).toBe("deny");
  });

  it("its own budget and the person's are both drawn on", () => {
    const policy = policyOf(LABELS, rulesOf("{ id: r, budget: { rows: 10, window: 1h } }"));
    const accounts = evaluate(policy, operation, agent).budgets.map(({ account }) => account);
    expect(accounts.sort()).toEqual(["own", "person"]);
    expect(evaluate(policy, operation, alone).budgets.map(({ account }) => account)).toEqual(["own"]);
  });
});

const SEVERITY = { allow: 0, review: 1, deny: 2 } as const;

it("together they may do no more than either alone, whatever the rules", () => {
  const condition = fc.constantFrom(
    ...EXEMPTIONS,
    ...ABOUT_THE_PERSON,
    'principal.name == "coder"',
    '"agents" in principal.groups',
  );
  const outcome = fc.constantFrom("deny: stop", "review: { by: [group:owners] }");
  const rule = fc.record({ condition, outcome, clause: fc.constantFrom("when", "unless") });
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), (rules) => {
      const texts = rules.map(
        (each, index) => `{ id: r${index}, ${each.clause}: '${each.condition}', ${each.outcome} }`,
      );
      const policy = policyOf(LABELS, rulesOf(...texts));
      const itself = contextOf({ name: "coder", kind: "ai_agent", groups: ["agents"] });
      const severity = (context: typeof agent) => SEVERITY[evaluate(policy, operation, context).outcome];
      // of rules about the person behind it an agent without one knows nothing, so only the person is compared
      expect(severity(agent)).toBeGreaterThanOrEqual(severity(alone));
      if (!texts.some((text) => text.includes("on_behalf_of"))) {
        expect(severity(agent)).toBeGreaterThanOrEqual(severity(itself));
      }
    }),
  );
});
