import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KnownPrincipal } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";
import { decideAccess, grantApplies, highestAccess } from "./access.ts";
import type { GrantRow } from "./store.ts";

const NOW = "2026-03-01T08:00:00.000Z";

function grant(more: Partial<GrantRow>): GrantRow {
  const nobody = { principalId: null, groupId: null, resourceId: null, selector: null };
  return { id: "g", name: "g", ...nobody, level: "read", expiresAt: null, requestId: null, createdAt: NOW, ...more };
}

function person(id: string, groupIds: readonly string[] = [], owner?: KnownPrincipal): KnownPrincipal {
  const row = {
    id,
    name: id,
    kind: owner === undefined ? ("user" as const) : ("ai_agent" as const),
    roles: [],
    attributes: {},
    disabled: false,
    ownerId: owner?.row.id ?? null,
    passwordHash: null,
    suspendedBy: null,
    scramSalt: "",
    scramIterations: 4096,
    createdAt: NOW,
  };
  return { row, groupIds, groupNames: groupIds, roles: [], ...(owner === undefined ? {} : { owner }) };
}

const shop: ResourceRow = {
  id: "shop",
  name: "shop",
  protocol: "postgres",
  tags: { env: "prod", team: "a" },
  target: {},
  address: "h:1",
  agent: "site",
  enforce: "on",
  secrets: null,
  identityGraceSeconds: null,
  createdAt: NOW,
};

const decide = (grants: GrantRow[], principal: KnownPrincipal, level?: "read" | "write" | "admin") =>
  decideAccess({ grants, principal, resource: shop, level, credentialLevels: ACCESS_LEVELS, now: NOW });

describe("grants", () => {
  it("apply to whom and what they name, until they expire", () => {
    const ana = person("ana", ["devs"]);
    const applies = (more: Partial<GrantRow>) => grantApplies(grant(more), ana, shop, NOW);
    expect(applies({ principalId: "ana", resourceId: "shop" })).toBe(true);
    expect(applies({ groupId: "devs", selector: { env: "prod" } })).toBe(true);
    expect(applies({ groupId: "devs", selector: { env: "prod", team: "b" } })).toBe(false);
    expect(applies({ groupId: "ops", resourceId: "shop" })).toBe(false);
    expect(applies({ principalId: "ana", resourceId: "other" })).toBe(false);
    expect(applies({ principalId: "ana", selector: {} })).toBe(false);
    expect(applies({ resourceId: "shop" })).toBe(false);
    expect(applies({ principalId: "ana", resourceId: "shop", expiresAt: NOW })).toBe(false);
    expect(applies({ principalId: "ana", resourceId: "shop", expiresAt: "2026-03-01T08:00:00.001Z" })).toBe(true);
  });

  it("give the lowest level with a credential unless another is asked for", () => {
    const ana = person("ana");
    const both = [
      grant({ id: "w", principalId: "ana", resourceId: "shop", level: "write" }),
      grant({ id: "r", principalId: "ana", resourceId: "shop", level: "read" }),
    ];
    expect(decide(both, ana)).toMatchObject({ ok: true, access: { level: "read" } });
    expect(decide(both, ana, "write")).toMatchObject({ ok: true, access: { level: "write", grant: { id: "w" } } });
    expect(decide(both, ana, "admin")).toEqual({ ok: false, reason: "level_not_granted" });
    expect(decide(both.slice(0, 1), ana)).toMatchObject({ ok: true, access: { level: "read" } });
    expect(decide([], ana)).toEqual({ ok: false, reason: "no_grant" });
  });

  it("opens on the grant that lasts longest", () => {
    const mine = { principalId: "ana", resourceId: "shop" };
    const soon = grant({ id: "soon", ...mine, expiresAt: "2026-03-01T09:00:00.000Z" });
    const later = grant({ id: "later", ...mine, expiresAt: "2026-03-01T10:00:00.000Z" });
    const always = grant({ id: "always", ...mine });
    expect(decide([soon, later], person("ana"))).toMatchObject({ access: { grant: { id: "later" } } });
    expect(decide([soon, always, later], person("ana"))).toMatchObject({ access: { grant: { id: "always" } } });
  });

  it("never give an AI agent more than itself or its person has", () => {
    const level = fc.constantFrom(...ACCESS_LEVELS);
    const anyGrant = fc.record({ level, who: fc.constantFrom("bot", "ana", "other") });
    fc.assert(
      fc.property(fc.array(anyGrant, { maxLength: 6 }), fc.option(level, { nil: undefined }), (drawn, asked) => {
        const grants = drawn.map(({ level: granted, who }, index) =>
          grant({ id: `g${index}`, principalId: who, resourceId: "shop", level: granted }),
        );
        const rank = (who: string) =>
          Math.max(-1, ...drawn.filter((one) => one.who === who).map((one) => ACCESS_LEVELS.indexOf(one.level)));
        const most = Math.min(rank("bot"), rank("ana"));
        const bot = person("bot", [], person("ana"));
        const highest = highestAccess({ grants, principal: bot, resource: shop, now: NOW });
        expect(highest === undefined ? -1 : ACCESS_LEVELS.indexOf(highest)).toBe(most);
        const result = decide(grants, bot, asked);
        if (result.ok) expect(ACCESS_LEVELS.indexOf(result.access.level)).toBeLessThanOrEqual(most);
        else expect(most < (asked === undefined ? 0 : ACCESS_LEVELS.indexOf(asked))).toBe(true);
      }),
    );
  });
});
