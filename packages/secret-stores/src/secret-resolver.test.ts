import { eventually } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { unavailable } from "./read-fields.ts";
import { SecretResolver } from "./secret-resolver.ts";
import type { ResolvedSecret, SecretStore } from "./secret-store.ts";

function scene(make: (call: number) => ResolvedSecret, { cacheMs = 60_000, isHeld = async () => true } = {}) {
  let at = 1_000_000;
  let calls = 0;
  const gate = Promise.withResolvers<void>();
  const store: SecretStore = {
    scheme: "test",
    cacheMs,
    check() {},
    async resolve() {
      const call = ++calls;
      await gate.promise;
      return make(call);
    },
  };
  const problems: string[] = [];
  const resolver = new SecretResolver({
    stores: [store],
    now: () => at,
    isHeld,
    onProblem: (detail) => problems.push(detail),
  });
  return {
    resolver,
    problems,
    open: () => gate.resolve(),
    calls: () => calls,
    now: () => at,
    advance: (ms: number) => {
      at += ms;
    },
  };
}

it("asks once for many who ask at the same time, and again only after the end of the value", async () => {
  const { resolver, open, calls, advance } = scene((call) => ({ value: `v${call}` }));
  const all = Promise.all(Array.from({ length: 50 }, () => resolver.resolve("test:a")));
  open();
  expect(new Set((await all).map(({ value }) => value))).toEqual(new Set(["v1"]));
  advance(59_000);
  expect((await resolver.resolve("test:a")).value).toBe("v1");
  advance(2_000);
  expect((await resolver.resolve("test:a")).value).toBe("v2");
  expect((await resolver.resolve("test:b")).value).toBe("v3");
  expect(calls()).toBe(3);
});

it("does not use a value in the last moments of its life", async () => {
  const { resolver, open, now, advance } = scene((call) => ({ value: `v${call}`, expiresAt: now() + 900_000 }));
  open();
  await resolver.resolve("test:a");
  advance(860_000);
  expect((await resolver.resolve("test:a")).value).toBe("v1");
  advance(15_000);
  expect((await resolver.resolve("test:a")).value).toBe("v2");
});

it("fetches anew after a refusal, but not for somebody who is refused all the time", async () => {
  const { resolver, open, calls, advance } = scene((call) => ({ value: `v${call}` }));
  open();
  await resolver.resolve("test:a");
  resolver.refused("test:a");
  expect((await resolver.resolve("test:a")).value).toBe("v1");
  advance(2_500);
  resolver.refused("test:a");
  expect((await resolver.resolve("test:a")).value).toBe("v2");
  expect(calls()).toBe(2);
});

it("keeps nothing of a failure, and one who gives up does not end it for the others", async () => {
  const { resolver, open, calls } = scene((call) => {
    if (call === 1) throw new Error("connect ECONNREFUSED");
    return { value: "later" };
  });
  const impatient = new AbortController();
  const given = resolver.resolve("test:a", { signal: impatient.signal });
  const patient = resolver.resolve("test:a");
  impatient.abort(new Error("gave up"));
  await expect(given).rejects.toThrow("gave up");
  open();
  await expect(patient).rejects.toMatchObject({ code: "secret_unavailable" });
  expect((await resolver.resolve("test:a")).value).toBe("later");
  expect(calls()).toBe(2);
});

it("leases one secret for each holder, and gives it back when the holder is done", async () => {
  const revoked: string[] = [];
  const { resolver, open, now } = scene((call) => ({
    value: `v${call}`,
    username: `u${call}`,
    expiresAt: now() + 3_600_000,
    lease: {
      id: `l${call}`,
      renewable: false,
      renew: async () => 0,
      revoke: async () => {
        revoked.push(`l${call}`);
        if (call === 2) throw new Error("gone");
      },
    },
  }));
  open();
  const one = await resolver.resolve("test:a", { holder: "ses_1" });
  expect(await resolver.resolve("test:a", { holder: "ses_1" })).toBe(one);
  expect((await resolver.resolve("test:a", { holder: "ses_2" })).value).toBe("v2");
  await resolver.release("ses_1");
  expect(revoked).toEqual(["l1"]);
  expect((await resolver.resolve("test:a", { holder: "ses_1" })).value).toBe("v3");
  await resolver.close();
  expect(revoked.toSorted()).toEqual(["l1", "l2", "l3"]);
});

it("gives back a lease that arrives after its holder was done", async () => {
  const revoked: string[] = [];
  const { resolver, open } = scene(() => ({
    value: "v",
    expiresAt: 9e12,
    lease: { id: "l", renewable: false, renew: async () => 0, revoke: async () => void revoked.push("l") },
  }));
  const asked = resolver.resolve("test:a", { holder: "ses_1" });
  const released = resolver.release("ses_1");
  open();
  await Promise.all([asked, released]);
  expect(revoked).toEqual(["l"]);
});

it("renews a lease while it is held", async () => {
  let renewed = 0;
  const { resolver, open, now } = scene(() => ({
    value: "v",
    expiresAt: now() + 1_600,
    lease: {
      id: "l",
      renewable: true,
      renew: async () => {
        renewed++;
        return now() + 3_600_000;
      },
      revoke: async () => {},
    },
  }));
  open();
  await resolver.resolve("test:a", { holder: "ses_1" });
  await eventually(() => expect(renewed).toBe(1));
  await resolver.close();
});

it("renews nothing for a holder that is gone, and gives its lease back", async () => {
  const said: string[] = [];
  const make = () => ({
    value: "v",
    expiresAt: now() + 1_600,
    lease: {
      id: "l",
      renewable: true,
      renew: async () => said.push("renewed") && 9e12,
      revoke: async () => void said.push("revoked"),
    },
  });
  const { resolver, open, now } = scene(make, { isHeld: async () => false });
  open();
  await resolver.resolve("test:a", { holder: "ses_1" });
  await eventually(() => expect(said).toEqual(["revoked"]));
});

it("says which schemes there are", async () => {
  const { resolver } = scene(() => ({ value: "v" }));
  expect(() => resolver.check("vault:x")).toThrow(/not set up for vault:/);
  await expect(resolver.resolve("vault:x")).rejects.toMatchObject({ code: "bad_request" });
  expect(unavailable(resolver.check("test:x"), "why").code).toBe("secret_unavailable");
});
