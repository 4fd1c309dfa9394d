import { describe, expect, it } from "vitest";
import type { AccessRule } from "../access-requests/access-rule.ts";
import type { ChannelSettings } from "../notifications/channel.ts";
import { policyWeakens } from "./policy-weakens.ts";
import {
  accessRuleWeakens,
  channelWeakens,
  grantWeakens,
  groupWeakens,
  principalWeakens,
  providerWeakens,
  resourceWeakens,
  roleWeakens,
} from "./weakens.ts";

const BASE = `version: 1
labels:
  pii.email: { columns: ["*.customers.email"], detect: [email] }
rules:
  - id: mask-pii
    reason: why not
    mask: { "pii.*": { last: 4 } }
    unless: '"readers" in principal.groups'
  - id: no-unbounded
    enforce: observe
    when: 'sql.kind == "DELETE"'
    deny: "no"
canaries:
  - { id: planted, label: "pii.*", values_sha256: ["${"a".repeat(64)}"] }
defaults: { unknown_statement: deny }
classified: ["public.t.c"]
`;
const policy = (after: string, before = BASE) =>
  policyWeakens([{ name: "a.yaml", source: before }], [{ name: "a.yaml", source: after }]);

describe("a policy", () => {
  it.each([
    ["nothing changes", BASE],
    ["a rule is added", BASE.replace("canaries:", '  - id: more\n    when: "true"\n    deny: "no"\ncanaries:')],
    ["a label is added", BASE.replace("rules:", '  pii.ssn: { columns: ["*.*.ssn"] }\nrules:')],
    [
      "a label gets columns and detectors",
      BASE.replace("[email]", "[email, iban]").replace('email"]', 'email", "*.x.email"]'),
    ],
    ["an observed rule is enforced", BASE.replace("enforce: observe", "enforce: on")],
    ["reasons and tests change", BASE.replace("why not", "because").replace('deny: "no"', 'deny: "no"\n    tests: []')],
  ])("is no weaker when %s", (_what, after) => expect(policy(after)).toEqual([]));

  it.each([
    ["a rule goes", BASE.replace(/ {2}- id: no-unbounded[\s\S]*?deny: "no"\n/, "")],
    ["a rule is only observed", BASE.replace("why not", "why not\n    enforce: observe")],
    ["an exemption is wider", BASE.replace('"readers" in', '"anybody" in')],
    ["a mask shows more", BASE.replace("last: 4", "last: 12")],
    ["a condition changes", BASE.replace('"DELETE"', '"UPDATE"')],
    ["a label goes", BASE.replace(/ {2}pii.email.*\n/, '  other: { columns: ["*.a.b"] }\n')],
    ["a label loses a column", BASE.replace('columns: ["*.customers.email"], ', "")],
    ["a label loses a detector", BASE.replace("[email]", "[]")],
    ["a label's predicates change", BASE.replace("detect:", "predicates: { user: { group: allow } }, detect:")],
    ["a canary goes", BASE.replace(/canaries:\n.*\n/, "")],
    ["a canary spares somebody", BASE.replace('label: "pii.*",', 'label: "pii.*", except: ["kind:service"],')],
    ["a default changes", BASE.replace("unknown_statement: deny", "unknown_statement: allow")],
    ["defaults are given", BASE.replace("defaults:", "defaults_x:")],
    ["more is declared harmless", BASE.replace('"public.t.c"', '"public.t.c", "public.t.d"')],
    ["code is declared to read nothing", `${BASE}functions: [{ name: public.f, reads: none }]\n`],
    ["something nobody knows comes", `${BASE}later: 1\n`],
    ["it cannot be read", "rules: ["],
    ["all of it goes", "version: 1\n"],
  ])("is weaker when %s", (_what, after) => expect(policy(after)).not.toEqual([]));

  it("is compared as a whole: where a rule stands decides nothing", () => {
    const [head, rules] = BASE.split("rules:");
    const moved = [
      { name: "a.yaml", source: `${head}defaults: { unknown_statement: deny }\nclassified: ["public.t.c"]\n` },
      { name: "b.yaml", source: `version: 1\nrules:${rules?.replace(/defaults:.*\nclassified:.*\n/, "")}` },
    ];
    expect(policyWeakens([{ name: "x.yaml", source: BASE }], moved)).toEqual([]);
    expect(policyWeakens(moved, moved.slice(1))).not.toEqual([]);
    expect(policyWeakens(moved, [])).not.toEqual([]);
    expect(policyWeakens([], moved)).toEqual([]);
  });
});

const user = { kind: "user", roles: ["user"], disabled: false, ownerId: null, attributes: {} } as const;

describe("of other nouns", () => {
  it("a principal weakens by roles, by coming back with roles, by another person behind it, by its manager", () => {
    expect(principalWeakens(undefined, user)).toEqual([]);
    expect(principalWeakens(user, { ...user, disabled: true })).toEqual([]);
    expect(principalWeakens({ ...user, roles: ["admin"] }, user)).toEqual([]);
    expect(principalWeakens(user, undefined)).toEqual([]);
    expect(principalWeakens(undefined, { ...user, roles: ["reviewer"] })).toHaveLength(1);
    expect(principalWeakens(user, { ...user, roles: ["user", "admin"] })).toHaveLength(1);
    const off = { ...user, disabled: true };
    expect(principalWeakens(off, user)).toEqual([]);
    expect(principalWeakens({ ...off, roles: ["admin"] }, { ...user, roles: ["admin"] })).toHaveLength(1);
    expect(principalWeakens({ ...user, ownerId: "a" }, { ...user, ownerId: null })).toHaveLength(1);
    expect(principalWeakens(user, { ...user, attributes: { manager: "me" } })).toHaveLength(1);
  });

  it("a group weakens by roles, and by members where that means something", () => {
    const [none, one] = [
      { members: [], roles: [] },
      { members: ["a"], roles: [] },
    ];
    const plain = { inPolicy: false, inAccessRule: false, grantsToActor: false };
    expect(groupWeakens(none, one, plain)).toEqual([]);
    expect(groupWeakens(none, { ...none, roles: ["admin"] }, plain)).toHaveLength(1);
    expect(groupWeakens({ ...none, roles: ["reviewer"] }, { ...one, roles: ["reviewer"] }, plain)).toHaveLength(1);
    expect(groupWeakens(none, one, { ...plain, inPolicy: true })).toHaveLength(1);
    expect(groupWeakens(one, none, { ...plain, inPolicy: true })).toHaveLength(1);
    expect(groupWeakens(one, undefined, { ...plain, inPolicy: true })).toHaveLength(1);
    expect(groupWeakens(none, one, { ...plain, inAccessRule: true })).toHaveLength(1);
    expect(groupWeakens(one, none, { ...plain, inAccessRule: true })).toEqual([]);
    expect(groupWeakens(none, one, { ...plain, grantsToActor: true })).toHaveLength(1);
  });

  it("a resource weakens by being observed only, and by whatever leads elsewhere", () => {
    const shop = { enforce: "on", address: "h:1", target: {}, agent: "a", tags: { env: "prod" } } as const;
    expect(resourceWeakens(undefined, shop)).toEqual([]);
    expect(resourceWeakens({ ...shop, enforce: "observe" }, shop)).toEqual([]);
    expect(resourceWeakens(shop, undefined)).toEqual([]);
    for (const change of [
      { enforce: "observe" as const },
      { address: "evil:1" },
      { target: { tls: "off" } },
      { agent: "b" },
      { tags: {} },
      { secrets: { presence: "none" } },
    ]) {
      expect(resourceWeakens(shop, { ...shop, ...change })).toHaveLength(1);
    }
    expect(resourceWeakens(undefined, { ...shop, enforce: "observe" })).toHaveLength(1);
  });

  it("a grant weakens when it is to whoever makes it", () => {
    const mine = { level: "read", expiresAt: null, toActor: true, place: "shop" } as const;
    expect(grantWeakens(undefined, { ...mine, toActor: false })).toEqual([]);
    expect(grantWeakens(undefined, mine)).toHaveLength(1);
    expect(grantWeakens(mine, { ...mine, expiresAt: "2026-01-01T00:00:00.000Z" })).toEqual([]);
    expect(grantWeakens(mine, { ...mine, level: "write" })).toHaveLength(1);
    expect(grantWeakens(mine, { ...mine, place: "prod" })).toHaveLength(1);
    expect(grantWeakens({ ...mine, expiresAt: "2026-01-01T00:00:00.000Z" }, mine)).toHaveLength(1);
  });

  it("a role weakens by permissions and by a wider scope", () => {
    const role = { permissions: ["grants.read"], scope: { env: "dev" } };
    expect(roleWeakens(role, { ...role, permissions: [] })).toEqual([]);
    expect(roleWeakens(role, { ...role, scope: { env: "dev", team: "a" } })).toEqual([]);
    expect(roleWeakens(role, { ...role, scope: {} })).toHaveLength(1);
    expect(roleWeakens(role, { ...role, permissions: ["grants.read", "grants.write"] })).toHaveLength(1);
    expect(roleWeakens(undefined, role)).toHaveLength(1);
  });

  it("an access rule weakens by everything but less time", () => {
    const rule: AccessRule = {
      requesters: ["group:devs"],
      tags: { env: "prod" },
      level: "read",
      maxSeconds: 3600,
      reviewers: { by: ["group:dbas"], count: 1 },
      expiresSeconds: 3600,
      autoApprove: false,
    };
    expect(accessRuleWeakens(rule, { ...rule, maxSeconds: 60 })).toEqual([]);
    expect(accessRuleWeakens(rule, undefined)).toEqual([]);
    expect(accessRuleWeakens(undefined, rule)).toHaveLength(1);
    expect(accessRuleWeakens(rule, { ...rule, maxSeconds: 7200 })).toHaveLength(1);
    expect(accessRuleWeakens(rule, { ...rule, autoApprove: true })).toHaveLength(1);
    expect(accessRuleWeakens(rule, { ...rule, reviewers: { by: ["group:devs"], count: 1 } })).toHaveLength(1);
  });

  it("an identity provider weakens by everything but its title", () => {
    const provider = { type: "oidc", title: "Corp", issuer: "https://idp.example", linkBy: "none" };
    expect(providerWeakens(provider, { ...provider, title: "Other" })).toEqual([]);
    expect(providerWeakens(provider, undefined)).toEqual([]);
    expect(providerWeakens(undefined, provider)).toHaveLength(1);
    expect(providerWeakens(provider, { ...provider, linkBy: "name" })).toHaveLength(1);
    expect(providerWeakens({ ...provider, allow: "claims.staff" }, provider)).toHaveLength(1);
  });

  it("a notification channel weakens by telling less, or somebody else", () => {
    const channel: ChannelSettings = {
      type: "webhook",
      url: "https://hook.example",
      secret: "env:HOOK",
      events: ["change.requested"],
      asks: ["group:dbas"],
      perMinute: 30,
    };
    expect(channelWeakens(undefined, channel)).toEqual([]);
    expect(channelWeakens(channel, { ...channel, asks: undefined, perMinute: 60 })).toEqual([]);
    expect(channelWeakens(channel, { ...channel, events: ["change.decided", "change.requested"] })).toEqual([]);
    expect(channelWeakens(channel, { ...channel, asks: ["group:devs", "group:dbas"] })).toEqual([]);
    expect(channelWeakens(channel, undefined)).toHaveLength(1);
    expect(channelWeakens(channel, { ...channel, events: ["change.decided"] })).toHaveLength(1);
    expect(channelWeakens(channel, { ...channel, asks: ["group:devs"] })).toHaveLength(1);
    expect(channelWeakens(channel, { ...channel, resources: ["prod-db"] })).toHaveLength(1);
    expect(channelWeakens(channel, { ...channel, perMinute: 1 })).toHaveLength(1);
    expect(channelWeakens(channel, { ...channel, secret: "env:OTHER" })).toHaveLength(1);
    expect(channelWeakens(channel, { ...channel, url: "https://evil.example" })).toHaveLength(1);
  });
});
