import type { ReviewRow } from "../reviews/store.ts";
import type { NotificationMessage } from "./channel.ts";

/** Words of notifications. They leave the house: nothing in them is a value of a statement. */

const CODE_LIMIT = 800;

export function reviewRequested(row: ReviewRow, asker: string, normalised: string | undefined): NotificationMessage {
  const code = normalised === undefined ? undefined : withoutNumbers(normalised);
  return {
    title: `${asker} asks to run 1 statement on ${row.resourceName} (expires ${clock(row.expiresAt)})`,
    facts: [
      { name: "Why", value: `${row.reason} [${row.ruleId}]` },
      { name: "What", value: row.summary },
      ...(row.inTransaction ? [{ name: "Transaction", value: "it waits inside one and holds its locks" }] : []),
      ...(row.mode === "ticket"
        ? [{ name: "Waits", value: "not in the client: it passes once when it is repeated" }]
        : []),
    ],
    ...(code !== undefined && { code: code.length > CODE_LIMIT ? `${code.slice(0, CODE_LIMIT)} ...` : code }),
    path: `/r/${row.shortId}`,
    action: "Review in Tidewaiter",
    note: "Values are shown after sign-in. Nobody can approve from here.",
  };
}

const DECIDED: Readonly<Record<string, string>> = {
  approved: "was approved",
  rejected: "was rejected",
  expired: "was not decided in time",
  withdrawn: "was taken back",
};

export function reviewDecided(row: ReviewRow): NotificationMessage {
  const last = row.decisions.at(-1);
  return {
    title: `The statement of ${row.principalName} on ${row.resourceName} ${DECIDED[row.state] ?? "was decided"}`,
    facts: last === undefined ? [] : [{ name: "By", value: last.reviewer }],
    path: `/r/${row.shortId}`,
    action: "Look at it in Tidewaiter",
  };
}

export function testMessage(by: string): NotificationMessage {
  return {
    title: `${by} tests this channel of Tidewaiter`,
    facts: [{ name: "What", value: "Nothing waits for anybody: this is a test." }],
    path: "/reviews",
    action: "Open Tidewaiter",
  };
}

/** The statement with a sign in place of each value, as people write it. */
function withoutNumbers(normalised: string): string {
  return normalised.replace(/\$\d+/g, "?");
}

function clock(instant: string): string {
  return `${instant.slice(11, 16)} UTC`;
}
