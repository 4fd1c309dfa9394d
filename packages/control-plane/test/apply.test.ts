import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, type StoreKind, startHarness } from "./running.ts";

const THINGS = `kind: principal
name: ana
---
kind: principal
name: anas-bot
type: ai_agent
onBehalfOf: ana
---
kind: group
name: devs
members: [ana, anas-bot]
---
kind: resource
name: shop
protocol: postgres
target: { host: db.internal }
agent: site
tags: { env: prod }
---
kind: grant
name: devs-read-prod
group: devs
tags: { env: prod }
level: read
`;

const POLICY = `version: 1
labels:
  pii.email: { columns: ["*.customers.email"] }
rules:
  - id: no-unbounded-write
    when: 'sql.kind in ["UPDATE", "DELETE"] && sql.where in ["none", "constant"]'
    deny: "write without a real WHERE"
`;

describe.each<StoreKind>(["sqlite", "postgres"])("apply on %s", (kind) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness(kind);
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const apply = async (files: Record<string, string>, dryRun = false) => {
    const documents = Object.entries(files).map(([name, source]) => ({ name, source }));
    return harness.call("POST", "/v1/apply", { documents, dryRun });
  };
  const actions = (answer: Awaited<ReturnType<typeof apply>>): string[] =>
    answer.json.changes.map((change: { noun: string; name: string; action: string }) => {
      return `${change.noun} ${change.name} ${change.action}`;
    });

  it("shows in a dry run what it would do, and does nothing", async () => {
    const answer = await apply({ "things.yaml": THINGS, "policies/base.yaml": POLICY }, true);
    expect(answer.json).toMatchObject({ applied: false, policyVersion: 0 });
    expect(actions(answer)).toEqual([
      "principal ana create",
      "principal anas-bot create",
      "group devs create",
      "resource shop create",
      "grant devs-read-prod create",
      "policy policies/base.yaml create",
    ]);
    expect(answer.json.changes.at(-1).diff).toEqual([{ field: "source", before: null, after: JSON.stringify(POLICY) }]);
    expect((await harness.call("GET", "/v1/principals/ana")).status).toBe(404);
    expect((await harness.call("GET", "/v1/policies")).json).toEqual({ version: 0, documents: [] });
  });

  it("does it, and nothing the second time", async () => {
    const files = { "things.yaml": THINGS, "policies/base.yaml": POLICY };
    expect((await apply(files)).json).toMatchObject({ applied: true, policyVersion: 1 });
    expect((await harness.call("GET", "/v1/groups")).json.groups).toMatchObject([{ members: ["ana", "anas-bot"] }]);
    const head = (await harness.call("GET", "/v1/audit?order=newest&limit=1")).json.last;
    const again = await apply(files);
    expect(new Set(actions(again).map((line) => line.split(" ").at(-1)))).toEqual(new Set(["none"]));
    expect(again.json.policyVersion).toBe(1);
    expect((await harness.call("GET", "/v1/audit?order=newest&limit=1")).json.last).toBe(head);
  });

  it("shows the fields that change", async () => {
    const changed = THINGS.replace("level: read", "level: write").replace(
      "env: prod }\n---",
      "env: prod, team: a }\n---",
    );
    const answer = await apply({ "things.yaml": changed });
    expect(answer.json.changes).toContainEqual({
      noun: "grant",
      name: "devs-read-prod",
      action: "update",
      diff: [{ field: "level", before: '"read"', after: '"write"' }],
    });
    expect(answer.json.changes).toContainEqual({
      noun: "resource",
      name: "shop",
      action: "update",
      diff: [{ field: "tags", before: '{"env":"prod"}', after: '{"env":"prod","team":"a"}' }],
    });
    await apply({ "things.yaml": THINGS });
  });

  it("leaves alone what no document names, and removes only what is said to be absent", async () => {
    expect(actions(await apply({ "one.yaml": "kind: group\nname: ops\n" }))).toEqual(["group ops create"]);
    expect((await harness.call("GET", "/v1/resources/shop")).status).toBe(200);
    const gone = await apply({
      "gone.yaml": "kind: group\nname: ops\nstate: absent\n---\nkind: grant\nname: nothing\nstate: absent\n",
    });
    expect(actions(gone)).toEqual(["grant nothing none", "group ops delete"]);
    const policy = await apply({ "policies/base.yaml": "kind: policy\nname: policies/base.yaml\nstate: absent\n" });
    expect(actions(policy)).toEqual(["policy policies/base.yaml delete"]);
    expect((await harness.call("GET", "/v1/policies")).json).toEqual({ version: 2, documents: [] });
    await apply({ "policies/base.yaml": POLICY });
  });

  it("keeps a principal disabled that somebody disabled meanwhile", async () => {
    await harness.call("PATCH", "/v1/principals/ana", { disabled: true });
    await apply({ "things.yaml": THINGS });
    expect((await harness.call("GET", "/v1/principals/ana")).json.disabled).toBe(true);
    await harness.call("PATCH", "/v1/principals/ana", { disabled: false });
  });

  it("does nothing at all when one document cannot be done", async () => {
    const answer = await apply({
      "a.yaml": "kind: group\nname: made-first\n",
      "b.yaml": "\nkind: group\nname: bad\nmembers: [ghost]\n",
    });
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toBe("b.yaml:2: group bad: members: there is no principal ghost");
    const names = (await harness.call("GET", "/v1/groups")).json.groups.map((group: { name: string }) => group.name);
    expect(names).toEqual(["devs"]);
  });

  it("names the place of everything that is wrong", async () => {
    const answer = await apply({
      "x.yaml":
        "kind: resource\nname: shop\nprotocol: postgres\ntarget: {}\nagent: site\n---\nkind: grant\nname: g\nlevl: read\n",
      "y.yaml": "kind: [",
    });
    expect(answer.json.code).toBe("bad_request");
    expect(answer.json.detail).toContain("x.yaml:4:9  target.host: a name or an address");
    expect(answer.json.detail).toContain('x.yaml:9:7  unknown field "levl"');
    expect(answer.json.detail).toContain("y.yaml:1:");
  });

  it("refuses an invalid policy with file, line and reason, and keeps the last good one", async () => {
    const before = (await harness.call("GET", "/v1/policies")).json;
    const bad = POLICY.replace("sql.kind in", "sql.knd in");
    const many = `kind: group\nname: never\n---\nkind: policy\nname: extra\n${bad}`;
    for (const files of [{ "policies/base.yaml": bad }, { "mixed.yaml": many }]) {
      const answer = await apply(files);
      expect(answer.json).toMatchObject({ status: 422, code: "policy_invalid" });
      const line = "mixed.yaml" in files ? 11 : 6;
      expect(answer.json.detail).toMatch(
        new RegExp(`^(policies/base.yaml|extra):${line}:\\d+ {2}rule "no-unbounded-write"`),
      );
    }
    expect((await harness.call("GET", "/v1/policies")).json).toEqual(before);
    expect((await harness.call("GET", "/v1/groups")).text).not.toContain("never");
  });

  it("lets one of two simultaneous policy changes win and tells the other", async () => {
    const variant = (id: string) => POLICY.replace("no-unbounded-write", id);
    const results = await Promise.all(["rule-a", "rule-b"].map((id) => apply({ "policies/base.yaml": variant(id) })));
    const statuses = results.map((result) => result.status).sort();
    expect([
      [200, 200],
      [200, 409],
    ]).toContainEqual(statuses);
    const versions = (await harness.call("GET", "/v1/policies/versions")).json.versions as { version: number }[];
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => versions.length - index));
  });
});
