import { eq, sql } from "../../storage/drizzle.ts";
import { writeHistory } from "../../storage/history.ts";
import { accessRules, counters, grants, groups, history, principals, resources, roles } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import { write } from "../../storage/unit.ts";

const TABLES = {
  principal: principals,
  group: groups,
  role: roles,
  resource: resources,
  grant: grants,
  access_rule: accessRules,
} as const;

type Noun = keyof typeof TABLES;

export const historyUnits = {
  /** First versions of what was there before versions were written. Before that nothing is known. */
  begin: write(function* (unit): Work<void> {
    const head = yield* selectOne(counters, eq(counters.name, "changes"));
    const written = { validFrom: unit.now, sequence: head?.value ?? 0, changedBy: null };
    for (const noun of Object.keys(TABLES) as Noun[]) {
      const table = TABLES[noun];
      const unwritten = sql`${table.id} not in (select ${history.refId} from ${history} where ${history.noun} = ${noun})`;
      for (const { id } of yield* select<(typeof TABLES)[Noun]>(table, { where: unwritten })) {
        yield* writeHistory(noun, id, written);
      }
    }
  }),
};
