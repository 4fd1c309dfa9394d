import { describe, expect, it } from "vitest";
import type { Operation } from "../operation.ts";
import { emptyPolicy } from "./compile.ts";
import { evaluate, needsEstimate } from "./evaluate.ts";
import { contextOf, LABELS, operationOf, policyOf, rulesOf } from "./fixtures.test-data.ts";

const readsEmail = operationOf({}, { reads: ["pii.email"] });
const readsNothing = operationOf();

describe("(a) labels that no rule mentions", () => {
  it("are masked with the constant", () => {
    const verdict = evaluate(policyOf(LABELS), readsEmail, contextOf());
    expect(verdict).toMatchObject({ outcome: "allow", policyVersion: 7 });
    expect(verdict.masks).toEqual({ "pii.email": { transform: "constant" }, "pii.ssn": { transform: "constant" } });
  });

  const maskRule = (id: string, unless: string, mask: string, more = "") =>
    `{ id: ${id}, match: { labels: [pii.email] }, unless: '${unless}', mask: { pii.email: ${mask} }${more} }`;

  it("are shown only by unless on every matching mask rule", () => {
    const one = maskRule("one", '"readers" in principal.groups', "email_domain");
    const two = maskRule("two", '"owners" in principal.groups', "token");
    const policy = policyOf(LABELS, rulesOf(one, two));
    const mask = (...groups: string[]) => evaluate(policy, readsEmail, contextOf({ groups })).masks["pii.email"];
    expect(mask("readers", "owners")).toBe("show");
    expect(mask("readers")).toEqual({ transform: "token" });
    expect(mask("owners")).toEqual({ transform: "email_domain" });
  });

  it("keep the constant when the rule that speaks of them does not match", () => {
    const policy = policyOf(LABELS, rulesOf("{ id: r, match: { resources: [other] }, mask: { pii.email: token } }"));
    expect(evaluate(policy, readsEmail, contextOf()).masks["pii.email"]).toEqual({ transform: "constant" });
  });
});

describe("(b) strictness among masks", () => {
  it.each([
    ["email_domain", "{ last: 4 }", { transform: "last", keep: 4 }],
    ["token", "{ last: 4 }", { transform: "token" }],
    ["year", "month", { transform: "constant" }],
    ["redact", "{ bucket: 10 }", { transform: "redact" }],
    ["null", "email_domain", { transform: "null" }],
    ["{ last: 4 }", "{ last: 2 }", { transform: "constant" }],
    ['{ json: { "$.a": token } }', "email_domain", { transform: "email_domain" }],
    ['{ json: { "$.a": token } }', '{ json: { "$.a": constant } }', { transform: "constant" }],
    [
      '{ json: { "$.b": { last: 4 }, "$.a": null } }',
      '{ json: { "$.a": null, "$.b": { last: 4 } } }',
      {
        transform: "json",
        paths: [
          { path: "$.a", mask: { transform: "null" } },
          { path: "$.b", mask: { transform: "last", keep: 4 } },
        ],
      },
    ],
  ])("%s and %s give %o in either order", (a, b, expected) => {
    const rule = (id: string, mask: string) => `{ id: ${id}, mask: { pii.email: ${mask} } }`;
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const policy = policyOf(LABELS, rulesOf(rule("x", first), rule("y", second)));
      expect(evaluate(policy, readsEmail, contextOf()).masks["pii.email"]).toEqual(expected);
    }
  });
});

it("(b) three masks have one strictest, in any order", () => {
  const rules = ["{ last: 4 }", "{ last: 2 }", "token"].map((mask, n) => `{ id: r${n}, mask: { pii.email: ${mask} } }`);
  const orders = rules.flatMap((rule, n) => [
    [rule, ...rules.toSpliced(n, 1)],
    [rule, ...rules.toSpliced(n, 1).reverse()],
  ]);
  for (const order of orders) {
    const verdict = evaluate(policyOf(LABELS, rulesOf(...order)), readsEmail, contextOf());
    expect(verdict.masks["pii.email"]).toEqual({ transform: "token" });
  }
});

describe("(c) unknown values and errors", () => {
  const outcome = (rule: string) => evaluate(policyOf(LABELS, rulesOf(rule)), readsEmail, contextOf()).outcome;

  it.each([
    ["when: 'sql.estimated_rows > 10'", "deny"],
    ["when: 'resource.team == \"x\"'", "deny"],
    ["when: 'int(sql.kind) > 1'", "deny"],
    ["when: 'sql.estimated_rows > 10 && sql.kind == \"DELETE\"'", "allow"],
    ["unless: 'sql.estimated_rows < 10'", "deny"],
    ["unless: 'resource.team == \"x\"'", "deny"],
    ["unless: 'sql.kind == \"SELECT\"'", "allow"],
    ["when: 'dyn(sql.kind)'", "deny"],
    ["unless: 'dyn(sql.kind)'", "deny"],
  ])("deny with %s gives %s", (condition, expected) => {
    expect(outcome(`{ id: r, deny: no, ${condition} }`)).toBe(expected);
  });

  it("count labels of an opaque statement as unknown", () => {
    const rule = "{ id: r, deny: no, when: 'sql.reads.exists(l, l == \"pii.ssn\")' }";
    const policy = policyOf(LABELS, rulesOf(rule));
    expect(evaluate(policy, operationOf({}, { opaque: true }), contextOf()).outcome).toBe("deny");
    expect(evaluate(policy, readsEmail, contextOf()).outcome).toBe("allow");
  });
});

describe("(d) estimates", () => {
  const policy = policyOf(
    LABELS,
    rulesOf("{ id: r, match: { levels: [write] }, review: { by: [group:a] }, when: 'sql.estimated_rows > 100' }"),
  );

  it("are asked only where a rule that may apply names them", () => {
    expect(needsEstimate(policy, contextOf())).toBe(true);
    expect(needsEstimate(policy, contextOf({}, { level: "read" }))).toBe(false);
  });

  it("match when unknown", () => {
    expect(evaluate(policy, readsNothing, contextOf()).outcome).toBe("review");
    expect(evaluate(policy, operationOf({}, {}, 5), contextOf()).outcome).toBe("allow");
    expect(evaluate(policy, operationOf({}, {}, 500.7), contextOf()).outcome).toBe("review");
  });
});

describe("the strictest outcome", () => {
  const policy = policyOf(
    LABELS,
    rulesOf(
      "{ id: b-review, review: { by: [group:a, group:b], count: 2, expires: 10m } }",
      "{ id: c-review, review: { by: [group:b], expires: 5m }, on_review: ticket, in_transaction: refuse }",
      "{ id: z-deny, deny: never, when: 'sql.kind == \"DELETE\"' }",
    ),
  );

  it("is deny before review, with the rule's own words", () => {
    const verdict = evaluate(policy, operationOf({ kind: "DELETE" }), contextOf());
    expect(verdict).toMatchObject({ outcome: "deny", ruleId: "z-deny", reason: "never" });
  });

  it("combines reviews into one that satisfies all", () => {
    expect(evaluate(policy, readsNothing, contextOf())).toMatchObject({
      outcome: "review",
      ruleId: "b-review",
      review: { by: ["group:b"], count: 2, expiresInSeconds: 300, mode: "ticket", inTransaction: { action: "refuse" } },
    });
  });

  it("denies when no reviewer may decide for all", () => {
    const apart = policyOf(rulesOf("{ id: a, review: { by: [group:a] } }", "{ id: b, review: { by: [group:b] } }"));
    expect(evaluate(apart, readsNothing, contextOf())).toMatchObject({ outcome: "deny", ruleId: "no-common-reviewer" });
  });

  it("holds people and gives others a ticket", () => {
    const one = policyOf(rulesOf("{ id: a, review: { by: [group:a] } }"));
    const mode = (kind: "user" | "service" | "ai_agent") =>
      evaluate(one, readsNothing, contextOf({ kind })).review?.mode;
    expect([mode("user"), mode("service"), mode("ai_agent")]).toEqual(["hold", "ticket", "ticket"]);
  });
});

describe("(h) observe", () => {
  it("of a rule lets only that rule pass and records it", () => {
    const policy = policyOf(
      LABELS,
      rulesOf("{ id: a, deny: no, enforce: observe }", "{ id: b, review: { by: [group:x] } }"),
    );
    const verdict = evaluate(policy, readsNothing, contextOf());
    expect(verdict).toMatchObject({ outcome: "review", ruleId: "b", observed: [{ ruleId: "a", outcome: "deny" }] });
  });

  it("of a resource lets everything pass and records it", () => {
    const policy = policyOf(
      LABELS,
      rulesOf(
        "{ id: a, deny: no }",
        "{ id: m, mask: { default: token } }",
        "{ id: w, budget: { window: 1h, rows: 5 } }",
      ),
    );
    const verdict = evaluate(policy, readsEmail, contextOf({}, { enforce: "observe" }));
    expect(verdict).toMatchObject({ outcome: "allow", budgets: [], masks: { "pii.email": "show", "pii.ssn": "show" } });
    expect(verdict.observed.map((each) => `${each.ruleId} ${each.outcome}`)).toEqual(["a deny", "m mask", "w budget"]);
  });
});

describe("(i) selection", () => {
  it.each([
    ["tags: { env: prod }", "deny"],
    ["tags: { env: [dev, 'pr*'] }", "deny"],
    ["tags: { env: dev }", "allow"],
    ["tags: { team: '*' }", "allow"],
    ["resources: ['pg-*']", "deny"],
    ["resources: [other]", "allow"],
    ["principals: ['kind:user']", "deny"],
    ["principals: ['group:dev*']", "deny"],
    ["principals: [ana]", "deny"],
    ["principals: ['kind:service', bob]", "allow"],
    ["levels: [read, admin]", "allow"],
    ["labels: ['pii.e*']", "deny"],
    ["labels: [pii.ssn]", "allow"],
  ])("match: { %s } gives %s", (match, expected) => {
    const policy = policyOf(LABELS, rulesOf(`{ id: r, match: { ${match} }, deny: no }`));
    expect(evaluate(policy, readsEmail, contextOf({ groups: ["developers"] })).outcome).toBe(expected);
  });

  it("leaves rules of other protocols out", () => {
    const policy = policyOf(
      rulesOf(
        "{ id: r, when: 'kube.verb == \"delete\"', deny: no }",
        "{ id: s, unless: 'ssh.direction == \"up\"', deny: no }",
      ),
    );
    expect(evaluate(policy, readsNothing, contextOf()).outcome).toBe("allow");
  });
});

describe("an AI agent that acts for a person", () => {
  const onBehalfOf = { id: "prn_2", name: "ana", groups: ["readers"] };

  it("inherits restrictions, never exemptions", () => {
    const policy = policyOf(
      LABELS,
      rulesOf(
        `{ id: m, mask: { default: constant }, unless: '"readers" in principal.groups' }`,
        "{ id: d, match: { principals: [ana] }, when: 'sql.kind == \"DELETE\"', deny: no }",
      ),
    );
    const agent = contextOf({ name: "bot", kind: "ai_agent", onBehalfOf });
    expect(evaluate(policy, readsEmail, agent).masks["pii.email"]).toEqual({ transform: "constant" });
    expect(evaluate(policy, operationOf({ kind: "DELETE" }), agent).outcome).toBe("deny");
    const trusted = contextOf({
      name: "bot",
      kind: "ai_agent",
      groups: ["readers"],
      onBehalfOf: { ...onBehalfOf, groups: [] },
    });
    expect(evaluate(policy, readsEmail, trusted).masks["pii.email"]).toEqual({ transform: "constant" });
  });
});

const UNREAD = ["syntax", "too_large", "nul", "too_deep", "analyser", "function_call", "replication"] as const;

describe("no policy", () => {
  it("lets everything pass", () => {
    const dangerous = operationOf(
      { dangerous: [{ name: "pg_read_file", category: "file", dataArguments: true }] },
      { laundering: true },
    );
    expect(evaluate(emptyPolicy(), dangerous, contextOf())).toMatchObject({
      outcome: "allow",
      masks: {},
      unlabelledText: "pass",
    });
  });

  it.each(UNREAD)("lets even pass what cannot be read: %s", (reason) => {
    const operation: Operation = { type: "unknown", reason, message: "" };
    expect(evaluate(emptyPolicy(), operation, contextOf())).toMatchObject({ outcome: "allow" });
    // documents that say nothing are no policy either
    expect(evaluate(policyOf("version: 1"), operation, contextOf())).toMatchObject({ outcome: "allow" });
  });

  it.each([
    ["a label", LABELS],
    ["a rule", rulesOf("{ id: r, match: { resources: [elsewhere] }, deny: no }")],
    ["the default, written", "version: 1\ndefaults: { unknown_statement: deny }"],
  ])("is over with %s", (_, document) => {
    for (const reason of UNREAD)
      expect(evaluate(policyOf(document), { type: "unknown", reason, message: "" }, contextOf())).toMatchObject({
        outcome: "deny",
        ruleId: "unknown-statement",
      });
  });
});

describe("recording and budgets", () => {
  it("take the strictest mode and every enforced limit", () => {
    const policy = policyOf(
      rulesOf(
        "{ id: a, recording: { mode: durable } }",
        "{ id: b, recording: { mode: best_effort, results: true } }",
        "{ id: c, budget: { window: 90s, rows: 10, bytes: 2KiB, on_exceed: end } }",
      ),
    );
    const verdict = evaluate(policy, readsNothing, contextOf());
    expect(verdict.recording).toEqual({ mode: "durable", results: true });
    expect(verdict.budgets).toEqual([
      {
        ruleId: "c",
        account: "own",
        per: "principal",
        windowSeconds: 90,
        limits: { rows: 10, bytes: 2048 },
        onExceed: "end",
      },
    ]);
  });

  it("are a person's own for the AI agents that act for it", () => {
    const policy = policyOf(rulesOf("{ id: few, budget: { window: 1h, rows: 10 } }"));
    const agent = contextOf({ name: "helper", kind: "ai_agent", onBehalfOf: { id: "prn_2", name: "ana", groups: [] } });
    expect(evaluate(policy, readsNothing, agent).budgets.map(({ account }) => account)).toEqual(["own", "person"]);
  });
});
