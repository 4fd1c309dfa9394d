import { eq } from "../../storage/drizzle.ts";
import { settings } from "../../storage/schema.ts";
import { selectOne, type Work } from "../../storage/statement.ts";

/** The setting; a row with the value `on`, or nothing. */
export const TWO_PERSON = "two_person";

/** Does a change that weakens protection need a second person? */
export function* twoPersonOn(): Work<boolean> {
  return (yield* selectOne(settings, eq(settings.name, TWO_PERSON)))?.value === "on";
}
