import { expect, it } from "vitest";
import { Attempts } from "./attempts.ts";

function start() {
  let now = 0;
  const attempts = new Attempts(() => now);
  const allowed = (address: string, name: string) => {
    try {
      attempts.check(address, name);
      return true;
    } catch {
      return false;
    }
  };
  return { attempts, allowed, advance: (ms: number) => (now += ms) };
}

it("allows five guesses at one name from one address, then one each twelve seconds", () => {
  const { allowed, advance } = start();
  expect(Array.from({ length: 6 }, () => allowed("192.0.2.1", "ana"))).toEqual([true, true, true, true, true, false]);
  advance(11_000);
  expect(allowed("192.0.2.1", "ana")).toBe(false);
  advance(13_000);
  expect(allowed("192.0.2.1", "ana")).toBe(true);
});

it("never lets one address spend another's attempts", () => {
  const { allowed } = start();
  for (let count = 0; count < 1000; count++) allowed("192.0.2.1", "ana");
  expect(allowed("192.0.2.2", "ana")).toBe(true);
});

it("limits one address over all names", () => {
  const { allowed } = start();
  const results = Array.from({ length: 40 }, (_, index) => allowed("192.0.2.1", `name-${index}`));
  expect(results.filter(Boolean)).toHaveLength(30);
});

it("takes a /64 of IPv6 for one address, however it is written", () => {
  const { allowed } = start();
  for (let count = 0; count < 5; count++) allowed(`2001:db8:0:1::${count + 1}`, "ana");
  expect(allowed("2001:db8:0:1:ffff:ffff:0:9", "ana")).toBe(false);
  expect(allowed("2001:db8:0:2::1", "ana")).toBe(true);
});

it("gives a pair its attempts back after a success", () => {
  const { attempts, allowed } = start();
  for (let count = 0; count < 4; count++) allowed("192.0.2.1", "ana");
  attempts.succeeded("192.0.2.1", "ana");
  expect(Array.from({ length: 5 }, () => allowed("192.0.2.1", "ana"))).not.toContain(false);
});
