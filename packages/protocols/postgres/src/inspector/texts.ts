import type { ReviewRequirement, Verdict } from "@tidewaiter/core";
import { errorFields, SQLSTATE } from "../errors.ts";
import type { ColumnMaskInfo } from "../mask/mask-rows.ts";
import type { ErrorFields, TransactionStatus } from "../messages.ts";
import type { Judged } from "./state.ts";

/** Words for people, in the order of messages.md: what happened, the rule, the state, the next step. */

export function transactionText(status: TransactionStatus): string {
  return status === "I"
    ? "The session is open."
    : "Your transaction is now aborted, as after any error; the session is open.";
}

export function refusedByRule(resource: string, verdict: Verdict, status: TransactionStatus): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.insufficientPrivilege,
    message: `stopped before ${resource}: ${verdict.reason ?? "the policy does not allow this"} [${verdict.ruleId ?? "policy"}]`,
    detail: `Not executed. ${transactionText(status)}`,
    hint: `Why: tw policy explain --resource ${resource} --sql "..."`,
  });
}

/** In a failed transaction the server gets no further than this, whatever the statement is: so the refusal is its own. */
export function inFailedTransaction(): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.inFailedTransaction,
    message: "current transaction is aborted, commands ignored until end of transaction block",
  });
}

export function refusedPlainly(code: string, message: string, detail: string, hint?: string): ErrorFields {
  return errorFields("ERROR", { code, message, detail, hint });
}

export function syntaxError(message: string, position: number | undefined): ErrorFields {
  return {
    ...errorFields("ERROR", { code: "42601", message }),
    ...(position !== undefined && { position: String(position) }),
  };
}

interface WaitingText {
  readonly judged: Pick<Judged, "labels" | "estimatedRows">;
  readonly review: ReviewRequirement;
  readonly ruleId: string;
  readonly expiresAt: number;
  readonly inTransaction: boolean;
  readonly link: string;
}

export function waitingNotice(held: WaitingText): readonly [string, string, string] {
  const { judged, review, ruleId, expiresAt, inTransaction, link } = held;
  const about =
    judged.estimatedRows === undefined ? "" : `, about ${judged.estimatedRows.toLocaleString("en-US")} rows`;
  const reads = judged.labels.reads.length > 0 ? `Reads ${judged.labels.reads.join(", ")}${about}. ` : "";
  const locks = inTransaction
    ? ` You are in a transaction holding locks: limit ${review.inTransaction.action === "hold" ? minutes(review.inTransaction.maxSeconds) : "none"}.`
    : "";
  return [
    `waiting for a person; this statement has NOT run [${ruleId}]`,
    `${reads}Asked: ${review.by.map(withoutPrefix).join(", ")}. Ends ${clock(expiresAt)} UTC.`,
    `${link}  Ctrl-C withdraws.${locks}`,
  ];
}

export function ticketError(
  ruleId: string,
  review: ReviewRequirement,
  shortId: string,
  link: string,
  expiresAt: number,
): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.insufficientPrivilege,
    message: `needs a person first; this statement has NOT run [${ruleId}]`,
    detail: `Review ${shortId} is asked of ${review.by.map(withoutPrefix).join(", ")}, until ${clock(expiresAt)} UTC.`,
    hint: `After approval run exactly the same statement again: it passes once. tw reviews show ${shortId}   ${link}`,
  });
}

export function reviewRefused(
  ruleId: string,
  how: "rejected" | "expired" | "withdrawn" | "unavailable",
  by: string | undefined,
  comment: string | undefined,
  status: TransactionStatus,
): ErrorFields {
  const detail = `Not executed. ${transactionText(status)}`;
  switch (how) {
    case "rejected":
      return refusedPlainly(
        SQLSTATE.insufficientPrivilege,
        `rejected by ${by ?? "a reviewer"}${comment ? `: "${comment}"` : ""} [${ruleId}]`,
        detail,
      );
    case "expired":
      return refusedPlainly(
        SQLSTATE.insufficientPrivilege,
        `nobody decided in time; the request has ended [${ruleId}]`,
        detail,
        "Send the statement again to ask again.",
      );
    case "withdrawn":
      return refusedPlainly(
        SQLSTATE.queryCanceled,
        "canceling statement due to user request",
        "The request to the reviewers was withdrawn.",
      );
    case "unavailable":
      return refusedPlainly(
        SQLSTATE.cannotConnectNow,
        `the reviewers cannot be asked: the control plane is out of reach [${ruleId}]`,
        detail,
        "Try again in a moment.",
      );
  }
}

export function maskNotice(masked: readonly ColumnMaskInfo[]): readonly [string, string] {
  const columns = masked.map(
    ({ column, labels, transform, kept }) =>
      `${column} (${labels.join(", ") || "unknown origin"}, ${kept === undefined ? TRANSFORM_TEXT[transform] : `last ${kept}`})`,
  );
  return [`masked for you: ${columns.join(", ")}`, "Shown once per session for these columns."];
}

const TRANSFORM_TEXT: Readonly<Record<ColumnMaskInfo["transform"], string>> = {
  constant: "replaced",
  null: "emptied",
  redact: "redacted",
  year: "year kept",
  month: "month kept",
  bucket: "rounded",
  token: "token",
  last: "last characters kept",
  partial: "ends kept",
  email_domain: "domain kept",
  json: "parts replaced",
};

function withoutPrefix(who: string): string {
  return who.replace(/^(group|principal):/, "");
}

function minutes(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

/** A string of several statements of which the server's own analysis could say too late what must not happen. */
export function stringRefused(resource: string, transaction: string): ErrorFields {
  return refusedPlainly(
    SQLSTATE.insufficientPrivilege,
    `stopped before ${resource}: what the statements of this string read cannot be told beforehand [one-by-one]`,
    `Not executed. ${transaction}`,
    "Send the statements one by one.",
  );
}

/** Something switched off what the labels follow by, and the resource asks for no guess. */
export function lineageLost(resource: string): ErrorFields {
  return errorFields("FATAL", {
    code: SQLSTATE.insufficientPrivilege,
    message: `${resource} no longer says how values come about, so nothing can be shown; the session is ended [lineage-missing]`,
    detail: "Code at the server has changed client_min_messages or debug_print_rewritten.",
    hint: "Connect again. An administrator can have such results masked instead: target.lineage.missing.",
  });
}

/** The server's own analysis found, while the statement ran, what a person must be asked about before. */
export function reviewCameLate(resource: string, verdict: Verdict): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.insufficientPrivilege,
    message: `stopped at ${resource}: it reads more than its text says, and that needs a person: ${verdict.reason ?? "review"} [${verdict.ruleId ?? "policy"}]`,
    detail: "Its result was withheld; it may have run.",
    hint: "Send the statement alone, outside of a string of several statements.",
  });
}

/** Between the approval and the statement a view, a schema or the search_path changed. */
export function notWhatWasApproved(resource: string): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.insufficientPrivilege,
    message: `stopped at ${resource}: to the server it is no longer the statement that was approved`,
    detail: "Its result was withheld; it may have run.",
    hint: "Send it again to ask anew.",
  });
}
