import type { StatementFacts } from "@tidewaiter/core";

/** Settings that lineage needs. The client sets and reads placeholders of its own in their place. */
export const RENAMED: ReadonlySet<string> = new Set([
  "client_min_messages",
  "debug_print_rewritten",
  "debug_pretty_print",
]);
/** Prefix of the placeholders; clients may not set others of it. */
export const PLACEHOLDER = "tidewaiter.";

/** Order in which messages reach a client (elog.h); INFO always does. */
const RANK: Readonly<Record<string, number>> = {
  debug5: 0,
  debug4: 1,
  debug3: 2,
  debug2: 3,
  debug1: 4,
  debug: 3,
  log: 5,
  notice: 6,
  warning: 7,
  error: 8,
};
const SEVERITY_RANK: Readonly<Record<string, number>> = { DEBUG: 4, LOG: 5, NOTICE: 6, WARNING: 7 };
const BOOLEAN = /^(on|off|true|false|yes|no|[01tfyn])$/i;

export function isNoticeLevel(value: string): boolean {
  return value.toLowerCase() in RANK;
}

/** Would a server with this `client_min_messages` have sent a message of that severity? */
export function reaches(severity: string, level: string): boolean {
  if (severity === "INFO") return true;
  return (SEVERITY_RANK[severity] ?? 9) >= (RANK[level.toLowerCase()] ?? 6);
}

/** The name to put in its place: a value that the setting would refuse is left to the server's own words. */
export function placeholderFor({ set }: StatementFacts): string | undefined {
  if (set === undefined || set.all === true || !RENAMED.has(set.name)) return undefined;
  const { name, value } = set;
  const valid =
    value === undefined || (name === "client_min_messages" ? isNoticeLevel(value) : BOOLEAN.test(value.trim()));
  return valid ? `${PLACEHOLDER}${name}` : undefined;
}

/**
 * What the client believes its `client_min_messages` to be, since the server's own is as low as lineage needs it. A change
 * inside of a transaction may be rolled back, so afterwards the placeholder is read again.
 */
export class NoticeLevel {
  /** From the start of the session; RESET returns to it. */
  readonly #initial: string;
  #level: string;
  #changedInTransaction = false;
  /** The placeholder must be read before this is relied on. */
  stale = false;
  /** The server has stopped sending trees, so its settings must be set again. */
  lost = false;

  constructor(initial: string) {
    this.#initial = initial;
    this.#level = initial;
  }

  get level(): string {
    return this.#level;
  }

  /** `undefined`: as at the start. `alone`: nothing that comes later can take it back. */
  set(level: string | undefined, alone: boolean): void {
    this.#level = level !== undefined && isNoticeLevel(level) ? level : this.#initial;
    this.#changedInTransaction ||= !alone;
  }

  /** Something may have changed it out of sight. */
  doubt(): void {
    this.stale = true;
  }

  /** A transaction is over, one way or the other. */
  settled(): void {
    if (this.#changedInTransaction) this.stale = true;
    this.#changedInTransaction = false;
  }

  read(level: string | undefined): void {
    if (level !== undefined && isNoticeLevel(level)) this.#level = level;
    this.stale = false;
  }
}
