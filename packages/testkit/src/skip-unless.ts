import { describe, it } from "vitest";

export interface Skippable {
  it(name: string, run: () => unknown, timeout?: number): void;
  describe(name: string, define: () => void): void;
}

/**
 * Tests that need something of the machine: `skipUnless(hasCommand("psql"), "psql").it("...", ...)`. What is missing
 * stands in the name of the skipped test as `[needs psql]`; the test command collects these and lists them.
 */
export function skipUnless(condition: boolean, what: string): Skippable {
  const needs = condition ? "" : ` [needs ${what}]`;
  return {
    it: (name, run, timeout) => it.skipIf(!condition)(`${name}${needs}`, run as () => void, timeout),
    describe: (name, define) => describe.skipIf(!condition)(`${name}${needs}`, define),
  };
}
