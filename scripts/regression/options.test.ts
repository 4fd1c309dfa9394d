import { expect, it } from "vitest";
import { readOptions, SAMPLE } from "./options.ts";

it("reads what to run, and refuses to write down half a run", () => {
  expect(readOptions([])).toMatchObject({ tests: undefined, version: "15", json: false, write: false });
  expect(readOptions(["--sample", "--json"])).toMatchObject({ tests: SAMPLE, json: true });
  expect(readOptions(["--tests", "int4,copy", "--postgres", "18"])).toMatchObject({
    tests: ["int4", "copy"],
    version: "18",
  });
  expect(readOptions(["-h"])).toBe("help");
  expect(() => readOptions(["--sample", "--write"])).toThrow("whole run");
  expect(() => readOptions(["--postgres", "9"])).toThrow("--postgres");
  expect(() => readOptions(["--nope"])).toThrow();
});
