import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  covers,
  holds,
  holdsEverywhere,
  holdsOn,
  intersectRights,
  PERMISSIONS,
  type RoleRights,
  rightsOf,
} from "./permissions.ts";

const dev: RoleRights = { name: "dev-keeper", permissions: ["resources.write", "grants.write"], scope: { env: "dev" } };
const anyScope = fc.dictionary(fc.constantFrom("env", "team"), fc.constantFrom("a", "b"), {
  maxKeys: 2,
  noNullPrototype: true,
});
const anyRole = fc.record({
  name: fc.constant("r"),
  permissions: fc.uniqueArray(fc.constantFrom(...PERMISSIONS), { minLength: 1, maxLength: 5 }),
  scope: anyScope,
});

describe("rights", () => {
  it("of a scoped role hold on resources with its tags, and nowhere else", () => {
    const rights = rightsOf(["dev-keeper"], [dev]);
    expect(holds(rights, "resources.write")).toBe(true);
    expect(holdsEverywhere(rights, "resources.write")).toBe(false);
    expect(holdsOn(rights, "resources.write", { env: "dev", team: "a" })).toBe(true);
    expect(holdsOn(rights, "resources.write", { env: "prod" })).toBe(false);
    expect(holdsOn(rights, "resources.write", {})).toBe(false);
    expect(holdsEverywhere(rights, "self.read")).toBe(true);
  });

  it("of unknown roles, and of names that objects have, are those of a user", () => {
    for (const name of ["nobody", "constructor", "__proto__", "toString"]) {
      expect(rightsOf([name])).toEqual(rightsOf([]));
    }
    expect(rightsOf(["x"], [{ name: "x", permissions: ["no.such"], scope: {} }])).toEqual(rightsOf([]));
  });

  it("of a custom role that took a built-in name do not add to it", () => {
    expect(rightsOf(["user"], [{ name: "user", permissions: ["config.apply"], scope: {} }])).toEqual(
      rightsOf(["user"]),
    );
  });

  it("of an intersection are covered by both, whatever the roles", () => {
    fc.assert(
      fc.property(fc.array(anyRole, { maxLength: 3 }), fc.array(anyRole, { maxLength: 3 }), (one, two) => {
        const [a, b] = [rightsOf(["r"], one), rightsOf(["r"], two)];
        const both = intersectRights(a, b);
        expect(covers(a, both) && covers(b, both)).toBe(true);
        expect(covers(both, intersectRights(both, both))).toBe(true);
      }),
    );
  });

  it("cover what is narrower, never what is wider", () => {
    fc.assert(
      fc.property(anyRole, anyScope, (role, more) => {
        const narrower = { ...role, scope: { ...more, ...role.scope } };
        const [wide, narrow] = [rightsOf(["r"], [role]), rightsOf(["r"], [narrower])];
        expect(covers(wide, narrow)).toBe(true);
        const wider = Object.keys(narrower.scope).length > Object.keys(role.scope).length;
        const beyondUser = role.permissions.some((permission) => !holds(rightsOf([]), permission));
        if (wider && beyondUser) expect(covers(narrow, wide)).toBe(false);
      }),
    );
  });
});
