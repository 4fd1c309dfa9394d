import { describe, expect, it } from "vitest";
import { chosen, parseSchedule } from "./schedule.ts";

describe("the schedule", () => {
  const all = parseSchedule("# comment\ntest: test_setup\n\ntest: boolean  char name\nignore: random\ntest: random\n");

  it("is every test, group by group", () => {
    expect(all).toEqual(["test_setup", "boolean", "char", "name", "random"]);
  });

  it("keeps its order and its setup when only some tests are wanted", () => {
    expect(chosen(all, ["random", "char"])).toEqual(["test_setup", "char", "random"]);
    expect(chosen(all, undefined)).toEqual(all);
    expect(() => chosen(all, ["char", "nope"])).toThrow("there is no test nope");
  });
});
