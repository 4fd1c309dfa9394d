import { describe, expect, it } from "vitest";
import { parseAddress } from "./address.ts";
import { AllowList } from "./allow-list.ts";

const permits = (entries: string[], address: string): boolean => {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  return new AllowList(entries).permits(parsed);
};

describe("AllowList", () => {
  it.each([
    [[], "db:5432", false],
    [["db:5432"], "db:5432", true],
    [["db:5432"], "DB.:5432", true],
    [["db:5432"], "db:5433", false],
    [["db:5432"], "db.evil:5432", false],
    [["db:*"], "db:22", true],
    [["db:*"], "other:22", false],
    [["*:5432"], "10.0.0.1:5432", true],
    [["*:5432"], "10.0.0.1:22", false],
    [["*:5432"], "unix:/run/postgresql/.s.PGSQL.5432", false],
    [["*:*"], "unix:/run/docker.sock", false],
    [["[::1]:5432"], "[::1]:5432", true],
    [["unix:/run/pg"], "unix:/run/pg", true],
    [["unix:/run/pg"], "unix:/run/pg2", false],
    [["a:1", "b:2"], "b:2", true],
    [["127.0.0.1:5432"], "2130706433:5432", false],
  ])("%j permits %s: %s", (entries, address, expected) => {
    expect(permits(entries, address)).toBe(expected);
  });

  it.each([
    "",
    "db",
    "db:",
    ":5432",
    "db:0",
    "db:65536",
    "*",
    "*.db:5432",
    "unix:relative",
    "unix:/a/../b",
    "http://db:80",
  ])("refuses the entry %j", (entry) => {
    expect(() => new AllowList([entry])).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("parseAddress", () => {
  it.each([
    "*:5432",
    "db:*",
    "db:5432/x",
    "user@db:5432",
    "db:5432\n",
    "[db]:1",
    "[::1]",
    "unix:/a//b",
    `unix:/${"x".repeat(107)}`,
  ])("takes no %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});
