import type { AuditEventInput } from "@tidewaiter/core";
import type { SQL } from "drizzle-orm";
import { and, asc, desc, eq, gt, gte, lt } from "../../storage/drizzle.ts";
import { auditEvents, counters } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";

export type AuditRow = typeof auditEvents.$inferSelect;

interface AuditQuery {
  readonly after: number;
  /** The event's whole type, or its noun. */
  readonly type?: string | undefined;
  readonly limit: number;
  readonly newestFirst?: boolean | undefined;
}

export const auditUnits = {
  // biome-ignore lint/correctness/useYield: the unit itself has no statement; its audit row is written after it
  append: write(function* (unit, event: AuditEventInput): Work<void> {
    unit.audit(event);
  }),

  list: read(function* (_unit, args: AuditQuery): Work<AuditRow[]> {
    const order = args.newestFirst === true ? desc(auditEvents.sequence) : asc(auditEvents.sequence);
    return yield* select(auditEvents, {
      where: and(gt(auditEvents.sequence, args.after), ofType(args.type)),
      orderBy: order,
      limit: args.limit,
    });
  }),

  /** The last sequence given out and its hash: what makes a cut tail visible. */
  head: read(function* (): Work<{ sequence: number; hash: string }> {
    const row = yield* selectOne(counters, eq(counters.name, "audit"));
    return { sequence: row?.value ?? 0, hash: row?.hash ?? "" };
  }),
};

/** `review` finds every `review.*`: what sorts from the dot up to the character behind it. */
function ofType(type: string | undefined): SQL | undefined {
  if (type === undefined) return undefined;
  if (type.includes(".")) return eq(auditEvents.type, type);
  return and(gte(auditEvents.type, `${type}.`), lt(auditEvents.type, `${type}/`));
}
