import { expect, it } from "vitest";
import { readOptions } from "./options.ts";
import { passed, type Suite } from "./outcome.ts";

const run = async () => passed();
const all: Suite[] = [
  { name: "lint", about: "", run },
  { name: "core", about: "", group: "unit", run },
  { name: "agent", about: "", group: "unit", run },
];
const chosen = (...args: string[]) => {
  const options = readOptions(args, all);
  return "suites" in options ? options.suites.map((suite) => suite.name) : options.code;
};

it("runs everything, one suite, several, or a group", () => {
  expect(chosen()).toEqual(["lint", "core", "agent"]);
  expect(chosen("--suite", "core")).toEqual(["core"]);
  expect(chosen("--suite", "agent,lint")).toEqual(["lint", "agent"]);
  expect(chosen("--suite", "unit", "--long")).toEqual(["core", "agent"]);
});

it("explains wrong usage", () => {
  expect(chosen("--suite", "nothing")).toBe(64);
  expect(chosen("--fast")).toBe(64);
  expect(chosen("--help")).toBe(0);
});
