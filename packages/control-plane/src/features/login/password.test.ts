import { expect, it } from "vitest";
import { hashPassword, verifyNothing, verifyPassword } from "./password.ts";

it("verifies by a PHC string with its own salt", async () => {
  const [one, two] = await Promise.all([hashPassword("a long password"), hashPassword("a long password")]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(one).not.toBe(two);
  expect(await verifyPassword("a long password", one)).toBe(true);
  expect(await verifyPassword("a long passwore", one)).toBe(false);
  expect(await verifyPassword("a long password", "nonsense")).toBe(false);
  expect(await verifyNothing("a long password")).toBe(false);
});

it("refuses when too many wait, and works again afterwards", async () => {
  const results = await Promise.allSettled(Array.from({ length: 80 }, () => hashPassword("x")));
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused.length).toBe(14);
  expect(refused[0]).toMatchObject({ reason: { code: "rate_limited" } });
  expect(await verifyPassword("x", await hashPassword("x"))).toBe(true);
});
