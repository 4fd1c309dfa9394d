import { describe, expect, it } from "vitest";
import type { KubeOperation } from "../operation.ts";
import { evaluate } from "./evaluate.ts";
import { contextOf, kubeOf, LABELS, policyOf, rulesOf } from "./fixtures.test-data.ts";

const policy = policyOf(LABELS);
const AT = {
  read: contextOf({}, { level: "read" }),
  write: contextOf({}, { level: "write" }),
  admin: contextOf({}, { level: "admin" }),
};
const levels = (changes: Partial<KubeOperation>, chosen = policy) =>
  (["read", "write", "admin"] as const).map((level) => evaluate(chosen, kubeOf(changes), AT[level]).outcome);
const allowed = ["allow", "allow", "allow"];
const fromWriteOn = ["deny", "allow", "allow"];

describe("the level read, on a cluster", () => {
  it.each<[string, Partial<KubeOperation>, readonly string[]]>([
    ["get", {}, allowed],
    ["list", { verb: "list", name: "" }, allowed],
    ["watch", { verb: "watch", name: "" }, allowed],
    ["logs", { subresource: "log" }, allowed],
    ["create", { verb: "create" }, fromWriteOn],
    ["update", { verb: "update" }, fromWriteOn],
    ["patch", { verb: "patch" }, fromWriteOn],
    ["delete", { verb: "delete" }, fromWriteOn],
    ["deletecollection", { verb: "deletecollection", name: "" }, fromWriteOn],
    ["a verb that nobody knows", { verb: "options" }, fromWriteOn],
    ["a dry run, which is admitted and answered as a write is", { verb: "create", dryRun: true }, fromWriteOn],
    ["exec, by either method", { verb: "create", subresource: "exec", command: ["id"] }, fromWriteOn],
    ["port-forward", { verb: "create", subresource: "portforward" }, fromWriteOn],
    ["a token", { verb: "create", resource: "serviceaccounts", subresource: "token" }, fromWriteOn],
    ["a path", { resource: "", path: "/version" }, allowed],
    ["the head of a path", { resource: "", path: "/healthz", verb: "head" }, allowed],
    ["a post to a path", { resource: "", path: "/healthz", verb: "post" }, fromWriteOn],
    ["options of a path", { resource: "", path: "/healthz", verb: "options" }, fromWriteOn],
  ])("%s", (_name, changes, expected) => {
    expect(levels(changes)).toEqual(expected);
  });

  it("lets a client ask what it may do and who it is, and nobody else", () => {
    const asks = (resource: string, group: string, subresource = "") =>
      levels({ verb: "create", resource, group, subresource, namespace: "", name: "" });
    expect(asks("selfsubjectaccessreviews", "authorization.k8s.io")).toEqual(allowed);
    expect(asks("selfsubjectrulesreviews", "authorization.k8s.io")).toEqual(allowed);
    expect(asks("selfsubjectreviews", "authentication.k8s.io")).toEqual(allowed);
    // about others, of a group that somebody else defines, and below one
    expect(asks("subjectaccessreviews", "authorization.k8s.io")).toEqual(fromWriteOn);
    expect(asks("tokenreviews", "authentication.k8s.io")).toEqual(fromWriteOn);
    expect(asks("selfsubjectreviews", "example.com")).toEqual(fromWriteOn);
    expect(asks("selfsubjectreviews", "authentication.k8s.io", "status")).toEqual(fromWriteOn);
  });

  it("says which level lets what through", () => {
    expect(evaluate(policy, kubeOf({ verb: "delete" }), AT.read)).toMatchObject({
      ruleId: "read-level",
      reason: "the access level read lets get, list and watch through",
    });
  });

  it("holds without any policy, and whatever the rules exempt", () => {
    const empty = policyOf();
    const exempting = policyOf(rulesOf("{ id: r, deny: no, unless: 'true' }"));
    expect(levels({ verb: "delete" }, empty)).toEqual(fromWriteOn);
    expect(levels({ verb: "delete" }, exempting)).toEqual(fromWriteOn);
  });
});

describe("the API server's proxy", () => {
  it.each(["get", "create", "update", "patch", "delete"])("is refused: %s", (verb) => {
    for (const resource of ["pods", "services", "nodes"]) {
      const verdict = evaluate(policy, kubeOf({ verb, resource, subresource: "proxy" }), AT.admin);
      expect(verdict).toMatchObject({ outcome: "deny", ruleId: "no-kube-proxy" });
    }
  });

  it("can be allowed by the policy, then for the verbs of the level", () => {
    const allowing = policyOf(LABELS, "version: 1\ndefaults: { builtins: { kube_proxy: allow } }");
    expect(levels({ subresource: "proxy" }, allowing)).toEqual(allowed);
    expect(levels({ verb: "create", subresource: "proxy" }, allowing)).toEqual(fromWriteOn);
  });
});

describe("what is written", () => {
  const unread = { verb: "create", unread: "the body is no JSON" } as const;

  it.each<[string, readonly string[]]>([
    ["deny", ["deny", "deny", "deny"]],
    ["review", ["deny", "review", "review"]],
    ["allow", ["deny", "allow", "allow"]],
  ])("and cannot be read, where unknown_statement is %s", (action, expected) => {
    const chosen = policyOf(
      LABELS,
      `version: 1\ndefaults: { unknown_statement: ${action}, review: { by: [group:owners] } }`,
    );
    expect(levels(unread, chosen)).toEqual(expected);
  });

  it("says why it cannot be read, before what rules say of its parts", () => {
    const chosen = policyOf(LABELS, rulesOf("{ id: r, when: '\"x\" in kube.labels', deny: no }"));
    expect(evaluate(chosen, kubeOf(unread), AT.write)).toMatchObject({
      outcome: "deny",
      ruleId: "unknown-statement",
      reason: "the body is no JSON",
    });
  });

  it("and is one of our masks is refused, whatever the policy allows", () => {
    const operation = kubeOf({ verb: "update", resource: "secrets", writesMask: "$.data.password" });
    const chosen = policyOf(LABELS, "version: 1\ndefaults: { unknown_statement: allow }");
    expect(evaluate(chosen, operation, AT.admin)).toMatchObject({
      outcome: "deny",
      ruleId: "no-mask-write-back",
      reason: "$.data.password is a mask, not the value: it would be stored in its place",
    });
  });
});

describe("an AI agent that acts for a person, on a cluster", () => {
  const person = { id: "prn_2", name: "ana", groups: ["sre"] };
  const agent = contextOf({ name: "coder", kind: "ai_agent", groups: ["agents"], onBehalfOf: person });
  const alone = contextOf(person);
  const remove = kubeOf({ verb: "delete" });

  it.each<[string, string, string]>([
    ["what exempts the person exempts nobody else", "unless: '\"sre\" in principal.groups'", "allow"],
    ["what is forbidden to the person is to the agent", "match: { principals: [ana] }", "deny"],
    ["what is forbidden to the agent is not to the person", "match: { principals: ['kind:ai_agent'] }", "allow"],
  ])("%s", (_name, part, forThePerson) => {
    const chosen = policyOf(rulesOf(`{ id: r, when: 'kube.verb == "delete"', ${part}, deny: no }`));
    expect(evaluate(chosen, remove, alone).outcome).toBe(forThePerson);
    expect(evaluate(chosen, remove, agent)).toMatchObject({ outcome: "deny", ruleId: "r" });
    expect(evaluate(chosen, kubeOf(), agent).outcome).toBe("allow");
  });

  it("is told once what holds for both", () => {
    const reading = { ...agent, level: "read" } as const;
    expect(evaluate(policy, remove, reading)).toMatchObject({ outcome: "deny", ruleId: "read-level" });
    expect(evaluate(policy, kubeOf({ subresource: "proxy" }), agent).ruleId).toBe("no-kube-proxy");
  });

  it("both budgets are drawn on", () => {
    const chosen = policyOf(rulesOf("{ id: r, when: 'kube.verb == \"get\"', budget: { bytes: 1MB, window: 1h } }"));
    expect(evaluate(chosen, kubeOf(), agent).budgets.map(({ account }) => account)).toEqual(["own", "person"]);
  });
});

it("many that are deleted at once may have any name", () => {
  const kept = policyOf(
    rulesOf('{ id: keep-db, when: \'kube.verb.startsWith("delete") && kube.name == "db"\', deny: it is kept }'),
  );
  const outcome = (changes: Partial<KubeOperation>) => evaluate(kept, kubeOf(changes), AT.write).outcome;
  expect(outcome({ verb: "delete", name: "db" })).toBe("deny");
  expect(outcome({ verb: "delete", name: "web" })).toBe("allow");
  expect(outcome({ verb: "deletecollection", name: "" })).toBe("deny");
  expect(outcome({ verb: "create", name: "" })).toBe("allow");
});
