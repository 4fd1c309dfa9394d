import type { LabelUse, StatementFacts } from "@tidewaiter/core";
import { expect, it } from "vitest";
import { reviewedParameters } from "./reviewed-parameters.ts";

const NO_LABELS: LabelUse = { reads: [], writes: [], predicates: [], laundering: false, opaque: false };
const facts = (params: readonly number[] = []) =>
  [{ writes: [{ values: params.map((param) => ({ param })) }] }] as unknown as readonly StatementFacts[];
const shown = (labels: Partial<LabelUse>, parameters: readonly (string | null)[], written: readonly number[] = []) =>
  reviewedParameters({ labels: { ...NO_LABELS, ...labels }, facts: facts(written) }, parameters);

it("shows what meets no label as it is", () => {
  expect(shown({}, ["DE", null, "7"])).toEqual(["DE", "NULL", "7"]);
});

it("shows label and length of what is compared with a labelled column", () => {
  const predicates = [{ label: "pii.email", use: "equality", literals: 1, values: [{ param: 2 }] }] as const;
  expect(shown({ predicates }, ["DE", "ana@example.com"])).toEqual(["DE", "(pii.email, 15 characters)"]);
});

it("shows label and length of what is written where labelled columns are written", () => {
  expect(shown({ writes: ["pii.ssn"] }, ["078-05-1120", "DE"], [1])).toEqual(["(pii.ssn, 11 characters)", "DE"]);
});

it("takes what nobody knows for labelled", () => {
  expect(shown({ opaque: true }, ["x"])).toEqual(["(unknown, 1 characters)"]);
  const predicates = [{ label: "pii.email", use: "expression", literals: 0 }] as const;
  expect(shown({ predicates }, ["%@example.com"])).toEqual(["(unknown, 13 characters)"]);
});
