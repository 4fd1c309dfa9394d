import { expect, it } from "vitest";
import { refusalInWords } from "./session-authorization.ts";

it("says why, and how to ask where that is possible", () => {
  const refused = {
    ok: false,
    reason: "level_not_granted",
    detail: "level write is not granted to you on web-1",
  } as const;
  expect(refusalInWords(refused)).toBe("level write is not granted to you on web-1");
  const next = 'tw request web-1 --level write --for 2h --reason "..."';
  expect(refusalInWords({ ...refused, next })).toBe(`level write is not granted to you on web-1. Ask: ${next}`);
});
