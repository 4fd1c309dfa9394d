import { expect, it } from "vitest";
import { hostKeyLine, newHostKey } from "./host-key-pair.ts";

it("makes keys that can be read, also where the public one begins with a zero", () => {
  const lines = Array.from({ length: 1_500 }, () => hostKeyLine(newHostKey()));
  expect(new Set(lines.map((line) => Buffer.from(line.split(" ")[1] ?? "", "base64").length))).toEqual(new Set([51]));
});
