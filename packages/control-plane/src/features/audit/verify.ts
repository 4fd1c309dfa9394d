import { auditHash } from "../../storage/unit.ts";
import type { AuditRow } from "./store.ts";

export interface AuditVerification {
  readonly ok: boolean;
  readonly events: number;
  /** Hash of the last event: write it down elsewhere to prove later that nothing before it was changed. */
  readonly head: string;
  readonly problems: readonly string[];
}

interface AuditSource {
  head(): Promise<{ readonly sequence: number; readonly hash: string }>;
  list(args: { readonly after: number; readonly limit: number }): Promise<readonly AuditRow[]>;
}

const CHUNK = 1000;
const PROBLEMS_LIMIT = 20;

/** Walks the whole chain: finds a changed, removed, inserted or reordered event and a cut tail. */
export async function verifyAudit(source: AuditSource): Promise<AuditVerification> {
  const head = await source.head();
  const problems: string[] = [];
  let last = { sequence: 0, hash: "" };
  let events = 0;
  while (last.sequence < head.sequence && problems.length < PROBLEMS_LIMIT) {
    const rows = await source.list({ after: last.sequence, limit: CHUNK });
    // Events that were written after the head was read belong to the next verification.
    const wanted = rows.filter((row) => row.sequence <= head.sequence);
    if (wanted.length === 0) break;
    for (const row of wanted) {
      problems.push(...eventProblems(row, last));
      last = row;
      events++;
    }
  }
  if (last.sequence !== head.sequence)
    problems.push(`events after ${last.sequence} are missing; the last was ${head.sequence}`);
  else if (last.hash !== head.hash) problems.push("the last event is not the one that was written last");
  return { ok: problems.length === 0, events, head: head.hash, problems: problems.slice(0, PROBLEMS_LIMIT) };
}

function eventProblems(row: AuditRow, previous: { readonly sequence: number; readonly hash: string }): string[] {
  const problems: string[] = [];
  if (row.sequence !== previous.sequence + 1)
    problems.push(`events between ${previous.sequence} and ${row.sequence} are missing`);
  if (row.previousHash !== previous.hash) problems.push(`event ${row.sequence} does not follow the one before it`);
  if (auditHash(row) !== row.hash) problems.push(`event ${row.sequence} was changed`);
  return problems;
}
