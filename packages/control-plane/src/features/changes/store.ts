import type { Change, ChangeBatch } from "@tidewaiter/core";
import { asc, eq, gt, lt } from "../../storage/drizzle.ts";
import { changes, counters } from "../../storage/schema.ts";
import { remove, select, selectOne, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";

const BATCH = 1000;
/** A gateway re-checks every session with each renewal, so an old change is of use to nobody. */
const KEPT = 100_000;

export const changeUnits = {
  /** Write units run one after the other and take their numbers under a lock, so no lower number appears later. */
  since: read(function* (_unit, args: { since: number }): Work<ChangeBatch> {
    const rows = yield* select(changes, {
      where: gt(changes.sequence, args.since),
      orderBy: asc(changes.sequence),
      limit: BATCH,
    });
    const found = rows.map(({ sequence, kind, refId }) => ({ sequence, kind: kind as Change["kind"], id: refId }));
    const last = found.at(-1)?.sequence ?? (yield* headSequence());
    return { changes: found, last };
  }),

  prune: write(function* (): Work<void> {
    yield* remove(changes, lt(changes.sequence, (yield* headSequence()) - KEPT));
  }),
};

function* headSequence(): Work<number> {
  const row = yield* selectOne(counters, eq(counters.name, "changes"));
  return row?.value ?? 0;
}
