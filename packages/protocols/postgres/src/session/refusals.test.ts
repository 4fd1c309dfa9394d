import { expect, it } from "vitest";
import { notAuthorized } from "./refusals.ts";

it("hints how to ask, where that is possible", () => {
  const next = 'tw request prod-db --level write --for 2h --reason "..."';
  const level = {
    ok: false,
    reason: "level_not_granted",
    detail: "level write is not granted to you on prod-db",
  } as const;
  expect(notAuthorized("prod-db", { ...level, next })).toEqual({
    code: "42501",
    message: "level write is not granted to you on prod-db",
    hint: `Ask: ${next}`,
  });
  expect(notAuthorized("prod-db", level).hint).toBe("tw resources list");
  const none = { ok: false, reason: "no_grant", detail: "" } as const;
  expect(notAuthorized("prod-db", { ...none, next }).hint).toBe(`Ask: ${next}`);
  expect(notAuthorized("prod-db", none).hint).toBe("tw resources list");
});
