import { lookup } from "node:dns/promises";
import { expect, it } from "vitest";
import { NetworkGuard } from "./network-guard.ts";

const outside = new NetworkGuard([]);

it.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "[::1]",
  "[::]",
  "[fd00::1]",
  "[fe80::1]",
  "[::ffff:10.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::a00:1]",
  "[2002:7f00:1::]",
])("sends nothing to %s", (host) => {
  expect(() => outside.requireHost(host)).toThrow(/not allowed/);
  // As a URL reads it: 2130706433, 0x7f.1 and the like become the address that they are.
  expect(() => outside.requireHost(new URL(`https://${host}/`).hostname)).toThrow(/not allowed/);
});

it.each(["https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/"])("nor to %s", (url) => {
  expect(() => outside.requireHost(new URL(url).hostname)).toThrow(/not allowed/);
});

it("lets addresses outside pass, and those inside that the operator named", () => {
  for (const host of ["8.8.8.8", "[2606:4700::1111]"]) expect(() => outside.requireHost(host)).not.toThrow();
  const some = new NetworkGuard(["10.20.0.0/16"]);
  expect(() => some.requireHost("10.20.3.4")).not.toThrow();
  expect(() => some.requireHost("10.21.3.4")).toThrow();
});

it("judges the address that a name leads to when it is connected to", async () => {
  expect((await lookup("localhost")).address).toMatch(/127|::1/);
  const looked = new Promise((resolve) => outside.lookup("localhost", { all: true }, (error) => resolve(error)));
  expect(await looked).toMatchObject({ message: expect.stringContaining("inside the network") });
  await expect(outside.resolve("localhost")).rejects.toThrow(/inside the network/);
  await expect(new NetworkGuard(["127.0.0.0/8", "::1/128"]).resolve("localhost")).resolves.toMatch(/127|::1/);
});

it("sends in clear text only to a network that the operator named", () => {
  expect(() => outside.requireScheme(new URL("http://hooks.example/"))).toThrow(/https/);
  expect(() => outside.requireScheme(new URL("ftp://hooks.example/"))).toThrow(/https/);
  expect(() => outside.requireScheme(new URL("https://hooks.example/"))).not.toThrow();
  const some = new NetworkGuard(["10.0.0.0/8"]);
  expect(() => some.requireScheme(new URL("http://10.0.0.1/"))).not.toThrow();
  expect(() => some.requireScheme(new URL("http://8.8.8.8/"))).toThrow(/https/);
});
