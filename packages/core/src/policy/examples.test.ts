import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evaluate, mayHide } from "./evaluate.ts";
import { contextOf, kubeOf, operationOf, policyOf } from "./fixtures.test-data.ts";

const FOLDER = new URL("../../../../deploy/examples/policies/", import.meta.url);
const sources = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(new URL(name, FOLDER), "utf8"));
const policy = policyOf(...sources);

describe("the example policies", () => {
  const email = { name: "email", use: "output" } as const;

  it("hold the bulk read of the tour, mask a page, refuse an unbounded write", () => {
    const all = operationOf({ columns: [email] }, { reads: ["pii.email"] });
    expect(evaluate(policy, all, contextOf({}, { level: "read" }))).toMatchObject({
      outcome: "review",
      ruleId: "pii-bulk-needs-a-person",
      review: { by: ["group:data-owners"], mode: "hold" },
    });
    expect(evaluate(policy, all, contextOf({ kind: "ai_agent" })).review?.mode).toBe("ticket");
    const page = operationOf({ columns: [email], limit: 5 }, { reads: ["pii.email", "pii.ssn"] });
    const verdict = evaluate(policy, page, contextOf({}, { level: "read" }));
    expect(verdict.outcome).toBe("allow");
    expect(verdict.masks).toMatchObject({
      "pii.email": { transform: "email_domain" },
      "pii.ssn": { transform: "last", keep: 4 },
    });
    const wipe = operationOf({ kind: "DELETE", kinds: ["DELETE"], class: "write", classes: ["write"], where: "none" });
    expect(evaluate(policy, wipe, contextOf())).toMatchObject({ outcome: "deny", ruleId: "no-unbounded-write" });
  });

  it("hide no object of a cluster: lists keep their pages, and what is not masked passes as it is", () => {
    for (const resource of ["pods", "secrets", "namespaces", "configmaps"])
      for (const namespace of ["", "prod", "kube-system"]) {
        const list = kubeOf({ verb: "list", resource, namespace, name: "", labels: {} });
        for (const level of ["read", "write", "admin"] as const)
          expect({ resource, namespace, level, hides: mayHide(policy, list, contextOf({}, { level })) }).toMatchObject({
            hides: false,
          });
      }
  });

  it("let harmless statements of people and AI agents pass", () => {
    for (const kind of ["user", "ai_agent"] as const) {
      for (const level of ["read", "write", "admin"] as const) {
        expect(evaluate(policy, operationOf(), contextOf({ kind }, { level })).outcome).toBe("allow");
      }
    }
  });
});
