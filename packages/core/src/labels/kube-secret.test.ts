import { describe, expect, it } from "vitest";
import type { KubeOperation } from "../operation.ts";
import { evaluate, objectRules } from "../policy/evaluate.ts";
import { contextOf, policyOf } from "../policy/fixtures.test-data.ts";
import { KUBE_SECRET } from "./kube-secret.ts";

const READ: KubeOperation = {
  type: "kube",
  verb: "get",
  group: "",
  version: "v1",
  resource: "secrets",
  subresource: "",
  namespace: "prod",
  name: "db",
  path: "/api/v1/namespaces/prod/secrets/db",
  labels: undefined,
  dryRun: false,
  container: "",
  command: [],
  programs: [],
};

describe("kube.secret", () => {
  it("needs nothing but its name in a policy, and is shown to whom a mask exempts", () => {
    const rule = `{ id: sre-see-secrets, match: { labels: [kube.secret] }, mask: { kube.secret: token }, unless: '"sre" in principal.groups' }`;
    const policy = policyOf(`version: 1\nlabels: { kube.secret: {} }\nrules:\n  - ${rule}\n`);
    expect(evaluate(policy, READ, contextOf()).masks[KUBE_SECRET]).toEqual({ transform: "token" });
    expect(evaluate(policy, READ, contextOf({ groups: ["sre"] })).masks[KUBE_SECRET]).toBe("show");
  });

  it("is masked by what is asked for", () => {
    const rule = `{ id: dev, mask: { kube.secret: token }, unless: 'kube.namespace == "dev"' }`;
    const policy = policyOf(`version: 1\nlabels: { kube.secret: {} }\nrules:\n  - ${rule}\n`);
    const mask = (namespace: string) => evaluate(policy, { ...READ, namespace }, contextOf()).masks[KUBE_SECRET];
    expect(mask("dev")).toBe("show");
    expect(mask("prod")).toEqual({ transform: "token" });
    expect(mask("")).toEqual({ transform: "token" });
    expect(objectRules(policy, contextOf())).toMatchObject({ mask: true });
  });

  it("is masked where no policy speaks of it: its mask is the constant of every label that is not listed", () => {
    const policy = policyOf("version: 1\nrules:\n  - { id: all, mask: { default: token }, unless: 'true' }\n");
    expect(evaluate(policy, READ, contextOf()).masks[KUBE_SECRET]).toBeUndefined();
  });

  it("is touched by requests for Secrets and for tokens, and by nothing else", () => {
    const policy = policyOf(
      "version: 1\nlabels: { kube.secret: {} }\nrules:\n  - { id: no-secrets, match: { labels: [kube.secret] }, deny: no }\n",
    );
    const outcome = (change: Partial<KubeOperation>) => evaluate(policy, { ...READ, ...change }, contextOf()).outcome;
    expect(outcome({})).toBe("deny");
    expect(outcome({ resource: "serviceaccounts", subresource: "token", verb: "create" })).toBe("deny");
    expect(outcome({ resource: "serviceaccounts" })).toBe("allow");
    expect(outcome({ group: "example.com" })).toBe("allow");
  });

  it("is not copied to where it is not masked, but by whom it is shown to", () => {
    const launders = { what: "copies /data/password", labels: [KUBE_SECRET] };
    const copy = { ...READ, verb: "patch", launders };
    const denied = { outcome: "deny", ruleId: "no-laundering", reason: "copies /data/password, which is masked" };
    expect(evaluate(policyOf("version: 1\n"), copy, contextOf())).toMatchObject(denied);
    const shown = "{ id: shown, mask: { kube.secret: constant }, unless: 'true' }";
    const policy = policyOf(`version: 1\nlabels: { kube.secret: {} }\nrules:\n  - ${shown}\n`);
    expect(evaluate(policy, copy, contextOf()).outcome).toBe("allow");
    expect(evaluate(policy, { ...copy, launders: { what: "copies /x" } }, contextOf()).outcome).toBe("allow");
  });

  it("is shown, as every label is, where a resource is only observed", () => {
    const policy = policyOf("version: 1\n");
    expect(evaluate(policy, READ, contextOf({}, { enforce: "observe" })).masks[KUBE_SECRET]).toBe("show");
  });
});
