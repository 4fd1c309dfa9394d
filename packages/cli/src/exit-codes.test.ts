import { ERROR_CODES } from "@tidewaiter/core/errors";
import { describe, expect, it } from "vitest";
import { TOPICS } from "./commands/help/topics.ts";
import { EXIT_CODES, exitOf } from "./exit-codes.ts";

describe("exit codes", () => {
  it("are the documented numbers", () => {
    const numbers = Object.fromEntries(Object.entries(EXIT_CODES).map(([name, { code }]) => [name, code]));
    expect(numbers).toEqual({
      ok: 0,
      failure: 1,
      usage: 2,
      not_signed_in: 3,
      refused: 4,
      not_found: 5,
      conflict: 6,
      unreachable: 7,
      invalid: 8,
      check_failed: 9,
      unavailable: 10,
      missing_program: 11,
      waiting: 12,
      interrupted: 130,
    });
  });

  it("every code of the control plane ends in one, a later code in a failure", () => {
    for (const code of Object.keys(ERROR_CODES)) expect(EXIT_CODES[exitOf(code)].code).toBeGreaterThan(0);
    expect(exitOf("unauthenticated")).toBe("not_signed_in");
    expect(exitOf("of_the_year_2040")).toBe("failure");
    expect(exitOf("toString")).toBe("failure");
  });

  it("are all in `tw help exit-codes`", () => {
    const lines = TOPICS["exit-codes"]?.().lines.join("\n");
    for (const { code, meaning } of Object.values(EXIT_CODES)) {
      expect(lines).toMatch(new RegExp(`^ *${code} .*${meaning.slice(0, 12).replace(/[^a-z ]/gi, ".")}`, "m"));
    }
  });
});
