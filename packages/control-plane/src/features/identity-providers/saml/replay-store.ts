import { and, eq, lt } from "../../../storage/drizzle.ts";
import { samlAssertions } from "../../../storage/schema.ts";
import { insert, remove, selectOne, type Work } from "../../../storage/statement.ts";
import { write } from "../../../storage/unit.ts";

export const samlUnits = {
  /** Writes down that an assertion was used; false when it was used before, in whatever process. */
  use: write(function* (unit, args: { provider: string; idHash: string; until: string }): Work<boolean> {
    yield* remove(samlAssertions, lt(samlAssertions.until, unit.now));
    const { provider, idHash, until } = args;
    const known = and(eq(samlAssertions.provider, provider), eq(samlAssertions.idHash, idHash));
    if ((yield* selectOne(samlAssertions, known)) !== undefined) return false;
    yield* insert(samlAssertions, { provider, idHash, until });
    return true;
  }),
};
