import { describe, expect, it } from "vitest";
import { hasMaskForm } from "./mask-forms.ts";

describe("hasMaskForm", () => {
  it.each([
    "***",
    "****6789",
    "41****11",
    "***@example.com",
    "tw_AAAAAAAAAAAAAAAAAAAAAA",
    '{"id":1,"ssn":"****6789"}',
    '\u0001{"contact": {"email": "***@example.org"}}',
    '[{"a":"***"}]',
    `{"pad":"${"x".repeat(60_000)}","t":"tw_AAAAAAAAAAAAAAAAAAAAAA"}`,
  ])("%j", (text) => {
    expect(hasMaskForm(text)).toBe(true);
  });

  it.each([
    "",
    "ann@example.com",
    "a * b",
    "tw_short",
    '{"rating":"*****"}',
    '{"note":"see *** below"}',
    'text with "***" in it',
    `[${'"a*",'.repeat(12_000)}1]`,
  ])("not %j", (text) => {
    expect(hasMaskForm(text)).toBe(false);
  });
});
