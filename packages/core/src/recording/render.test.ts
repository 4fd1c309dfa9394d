import fc from "fast-check";
import { expect, it } from "vitest";
import type { SessionEvent } from "./events.ts";
import { renderEvent } from "./render.ts";

const start = 1_700_000_000_000;

const story: SessionEvent[] = [
  {
    at: start,
    type: "session_started",
    sessionId: "ses_1",
    principal: { name: "helper", kind: "ai_agent", onBehalfOf: "ana" },
    resource: "prod-db",
    level: "read",
    protocol: "postgres",
    client: "127.0.0.1",
    application: "psql",
    agent: "site-1",
    gateway: "gw-1",
    policyVersion: 3,
    lineage: "origin",
    detail: { database: "shop" },
  },
  {
    at: start + 1_250,
    type: "operation",
    operation: 1,
    kind: "SELECT",
    text: "select email\nfrom customers where id = 'tw:1'",
    parameters: ["'tw:2'", null],
    sealed: { text: "select email\nfrom customers where id = 7", parameters: ["9", null] },
    outcome: "review",
    ruleId: "pii-bulk",
    reason: "reads many",
    policyVersion: 3,
    labels: ["pii.email"],
    observed: ["trial-rule"],
  },
  { at: start + 1_300, type: "review", operation: 1, reviewId: "rev_1", shortId: "7Q2H", state: "opened" },
  {
    at: start + 61_000,
    type: "review",
    operation: 1,
    reviewId: "rev_1",
    shortId: "7Q2H",
    state: "approved",
    by: ["mia"],
    comment: "ticket 812",
  },
  {
    at: start + 61_010,
    type: "rows",
    operation: 1,
    columns: ["id", "email"],
    cells: [
      ["7", "***@example.com"],
      ["10", null],
      ["11", "x"],
    ],
    truncated: true,
  },
  {
    at: start + 61_020,
    type: "operation_finished",
    operation: 1,
    result: "completed",
    tag: "SELECT 3",
    rows: 3,
    bytes: 2_048,
    durationMs: 12.34,
    masked: [{ column: "email", labels: ["pii.email"], transform: "email_domain" }],
  },
  { at: start + 62_000, type: "gap", reason: "the recording spool is full", lost: 4 },
  {
    at: start + 3_723_000,
    type: "session_ended",
    reason: "client left",
    statements: 1,
    refused: 0,
    held: 1,
    rows: 3,
    bytesToClient: 2_048,
  },
];

it("tells the story of a session", () => {
  const text = story.flatMap((event) => renderEvent(event, { startedAt: start, maxRows: 2 })).join("\n");
  expect(text).toBe(`+00:00.000 session ses_1
           helper (ai_agent on behalf of ana) on prod-db as read, postgres
           from 127.0.0.1 with psql through agent site-1, gateway gw-1
           policy 3, lineage origin, database=shop
+00:01.250 #1 select email
           from customers where id = 'tw:1'
           parameters $1 = "'tw:2'", $2 = NULL
           held for review [pii-bulk]: reads many  labels pii.email
           observed only: trial-rule
+00:01.300 #1 review 7Q2H opened
+01:01.000 #1 review 7Q2H approved by mia: "ticket 812"
+01:01.010 id | email
           ---+----------------
           7  | ***@example.com
           10 | ∅
           (1 more row recorded; the rest was not recorded)
+01:01.020 #1 completed SELECT 3  3 rows, 2.0 kB, 12 ms
           masked email (pii.email, email_domain)
+01:02.000 GAP: 4 events are not recorded here: the recording spool is full
  +1:02:03 session ended: client left
           1 statement, 0 refused, 1 held; 3 rows, 2.0 kB to the client`);
});

it("shows the sealed original only when asked", () => {
  const operation = story[1] as SessionEvent;
  expect(renderEvent(operation, { startedAt: start }).join()).not.toContain("id = 7");
  expect(renderEvent(operation, { startedAt: start, revealSealed: true }).join()).toContain("id = 7");
});

it("shows an event of a later version without failing", () => {
  const later = { at: start, type: "teleported", where: "\u001b[2J" } as unknown as SessionEvent;
  expect(renderEvent(later, { startedAt: start })[0]).toContain("later version");
});

it("lets no recorded text speak to the terminal, plain or in colour", () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      "\u001b",
      "]",
      "0",
      ";",
      "\u0007",
      "\u009b",
      "\r",
      "\n",
      "\u202e",
      "\u200b",
      "\u2028",
      "\u{e0041}",
      "a",
      "\u0000",
      "\t",
    ),
  });
  const sgr = new RegExp(`${String.fromCharCode(27)}\\[(?:[0-9]{1,2})m`, "g");
  fc.assert(
    fc.property(hostile, fc.boolean(), (text, colour) => {
      for (const event of story) {
        const spoiled = JSON.parse(JSON.stringify(event), (name, value: unknown) =>
          typeof value === "string" && name !== "type" ? text : value,
        ) as SessionEvent;
        for (const line of renderEvent(spoiled, { startedAt: start, colour })) {
          expect(line.replaceAll(sgr, "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }
    }),
  );
  for (const colour of [false, true]) {
    const [line = ""] = renderEvent(
      { at: start, type: "notice", code: "x", text: "\u001b[31mred" },
      { startedAt: start, colour },
    );
    expect(line).toContain("\\e[31mred");
  }
});
