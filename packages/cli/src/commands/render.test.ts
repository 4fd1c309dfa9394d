import { describe, expect, it } from "vitest";
import type { ApplyResult, ReviewDetail } from "../api/shapes.ts";
import { plain } from "../output/colour.ts";
import { renderChanges } from "./apply/render-changes.ts";
import { renderReview } from "./reviews/render-review.ts";

const review: ReviewDetail = {
  id: "rev_1",
  shortId: "7Q2H",
  state: "pending",
  mode: "hold",
  requester: "ana",
  sessionId: "ses_1",
  resource: "prod-db",
  rule: "pii-bulk",
  reason: "reads personal data of every row",
  summary: "SELECT on customers",
  labels: ["pii.email"],
  estimatedRows: 48_000,
  inTransaction: true,
  askedOf: ["group:data-owners"],
  count: 1,
  decisions: [],
  requestedAt: "2026-11-24T12:00:00Z",
  expiresAt: "2026-11-24T12:30:00Z",
  closedReason: null,
  statement: "select email\nfrom customers where country = $1",
  parameters: ["CH"],
};

describe("a review", () => {
  it("shows all that one decides about", () => {
    const text = renderReview(review, plain, Date.parse("2026-11-24T12:00:00Z")).join("\n");
    for (const part of [
      "ana asks",
      "prod-db",
      "  select email\n  from customers where country = $1",
      "$1 = CH",
      "7Q2H",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain("pii-bulk: reads personal data of every row");
    expect(text).toContain("about 48,000");
    expect(text).toContain("in a transaction and holds locks");
    expect(text).toContain("2026-11-24 12:30:00 UTC (in 30 min)");
  });

  it("cannot hide part of its statement from the reviewer's terminal", () => {
    const hostile = {
      ...review,
      statement: "delete from orders -- \u001b[2K\rselect 1\u202e",
      parameters: ["\u001b[8m"],
    };
    const lines = renderReview(hostile, plain, 0);
    for (const character of ["\u001b", "\r", "\u202e"]) expect(lines.join("")).not.toContain(character);
    expect(lines).toContain("  delete from orders -- \\e[2K\\rselect 1\\u{202e}");
  });
});

describe("changes", () => {
  const result: ApplyResult = {
    applied: false,
    waitsFor: [],
    policyVersion: 13,
    changes: [
      {
        noun: "resource",
        name: "prod-db",
        action: "create",
        diff: [{ field: "agent", before: null, after: '"eu-1"' }],
      },
      {
        noun: "group",
        name: "owners",
        action: "update",
        diff: [{ field: "members", before: '["a"]', after: '["b"]' }],
      },
      { noun: "grant", name: "old", action: "delete", diff: [] },
      { noun: "principal", name: "ana", action: "none", diff: [] },
      {
        noun: "policy",
        name: "pii.yaml",
        action: "update",
        diff: [{ field: "source", before: JSON.stringify("a: 1\nb: 2\n"), after: JSON.stringify("a: 1\nb: 3\n") }],
      },
    ],
  };

  it("have a sign each, and policies their lines", () => {
    expect(renderChanges(result, plain)).toEqual([
      "+ resource prod-db",
      '    + agent: "eu-1"',
      "~ group owners",
      '    - members: ["a"]',
      '    + members: ["b"]',
      "- grant old",
      "~ policy pii.yaml",
      "      a: 1",
      "    - b: 2",
      "    + b: 3",
      "Would apply: 4 changes, 1 unchanged. Nothing was changed (--dry-run).",
    ]);
  });

  it("say when they were made, and when there were none", () => {
    expect(renderChanges({ ...result, applied: true }, plain).at(-1)).toBe(
      "Applied: 4 changes, 1 unchanged (policy version 13).",
    );
    const none = { ...result, changes: result.changes.filter(({ action }) => action === "none") };
    expect(renderChanges(none, plain)).toEqual([
      "Nothing to change: all 1 are as the documents say (policy version 13).",
    ]);
  });
});
