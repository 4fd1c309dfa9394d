import { expect, it } from "vitest";
import { GROUP, USER } from "./attributes.ts";
import { applyPatch, type PatchOperation, readPatch } from "./patch.ts";

const members = (count: number) => Array.from({ length: count }, (_, index) => ({ value: `prn_${index}` }));

it("changes nothing of what it was given", () => {
  const before = { userName: "ana", emails: [{ value: "a@example.com", type: "work", primary: true }] };
  const kept = structuredClone(before);
  const after = applyPatch(USER, before, [
    { op: "add", path: "emails", value: [{ value: "b@example.com", primary: true }] },
    { op: "remove", path: 'emails[type eq "work"].primary' },
    { op: "replace", path: "name.givenName", value: "Ana" },
  ]);
  expect(before).toEqual(kept);
  expect(after).toEqual({
    userName: "ana",
    name: { givenName: "Ana" },
    emails: [
      { value: "a@example.com", type: "work" },
      { value: "b@example.com", primary: true },
    ],
  });
});

it("keeps one primary element", () => {
  const before = { userName: "ana", emails: [{ value: "a@example.com", primary: true }] };
  const { emails } = applyPatch(USER, before, [
    { op: "add", path: "emails", value: [{ value: "b@example.com", primary: true }] },
  ]);
  expect(emails).toEqual([
    { value: "a@example.com", primary: false },
    { value: "b@example.com", primary: true },
  ]);
});

it("does a few hundred operations on the largest group, and refuses what would take long", () => {
  const remove = (count: number): PatchOperation[] =>
    Array.from({ length: count }, (_, index) => ({ op: "remove", path: `members[value eq "prn_${index}"]` }));
  const values = { displayName: "All", members: members(10_000) };
  const began = performance.now();
  expect(applyPatch(GROUP, values, remove(400)).members).toHaveLength(9600);
  expect(() => applyPatch(GROUP, values, remove(1000))).toThrow("send them in parts");
  expect(performance.now() - began).toBeLessThan(5000);
});

it("reads names of fields and operations in any case, and refuses unknown ones", () => {
  expect(readPatch({ OPERATIONS: [{ OP: "Replace", Path: "active", VALUE: "False" }] })).toEqual([
    { op: "replace", path: "active", value: "False" },
  ]);
  for (const body of [
    {},
    { Operations: [] },
    { Operations: {} },
    { Operations: [{ op: "move" }] },
    { Operations: ["x"] },
  ]) {
    expect(() => readPatch(body as never)).toThrow();
  }
});
