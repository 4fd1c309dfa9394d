import type { ReviewRow } from "./store.ts";

/** Words of the pages. */

export function stateText(row: ReviewRow): string {
  const { state, mode, decisions, count, closedReason } = row;
  const missing = count - decisions.length;
  switch (state) {
    case "pending":
      return missing === 1 ? "Waits for a person." : `Waits for ${missing} people.`;
    case "approved":
      return mode === "hold" ? "Approved: it runs now." : "Approved: it passes once when it is repeated.";
    case "rejected":
      return "Rejected. It has not run.";
    case "expired":
      return "Too late: nobody decided, or nobody used it, in time.";
    case "withdrawn":
      return `Taken back${closedReason ? `: ${closedReason}` : ""}. It has not run.`;
    case "consumed":
      return "Approved, and used.";
  }
}

/** `in 1 min 40 s`, or `40 s ago`. */
export function remaining(until: string, now: number): string {
  const seconds = Math.round((Date.parse(until) - now) / 1000);
  const text = duration(Math.abs(seconds));
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

function duration(seconds: number): string {
  if (seconds >= 7200) return `${Math.round(seconds / 3600)} h`;
  if (seconds >= 600) return `${Math.round(seconds / 60)} min`;
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds} s`;
}

export function utc(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}

export function rowsText(estimated: number | null): string | undefined {
  return estimated === null ? undefined : `about ${estimated.toLocaleString("en-US")}`;
}

export function askedText(askedOf: readonly string[]): string {
  return askedOf.length === 0 ? "everybody with the role reviewer" : askedOf.join(", ");
}
