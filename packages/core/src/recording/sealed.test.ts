import { expect, it } from "vitest";
import type { SessionEvent } from "./events.ts";
import { withoutSealed } from "./sealed.ts";

it("takes the sealed original away and nothing else", () => {
  const shown = {
    at: 1,
    type: "operation",
    operation: 1,
    kind: "SELECT",
    text: "select 'tw:1'",
    outcome: "allow",
  } as const;
  const event: SessionEvent = {
    ...shown,
    policyVersion: 1,
    labels: ["pii.ssn"],
    sealed: { text: "select '078-05-1120'" },
  };
  expect(withoutSealed(event)).toEqual({ ...shown, policyVersion: 1, labels: ["pii.ssn"] });
  const other: SessionEvent = { at: 1, type: "notice", code: "N", text: "x" };
  expect(withoutSealed(other)).toBe(other);
});
